import type { Exporter } from '../inputs/netflow/index.ts';
import type { InterfaceInventory, InterfaceReport } from './report.ts';

/** All interfaces of all exporters that are known by name, by speed or, where every interface has a speed, from flows. */
export function interfaceInventory(exporters: Iterable<Exporter>): InterfaceInventory[] {
  const inventory: InterfaceInventory[] = [];
  for (const exporter of exporters) {
    const { profile } = exporter;
    const indexes = new Set([
      ...exporter.interfaces.keys(),
      ...(profile.interfaces?.keys() ?? []),
      ...exporter.interfacesSeen,
    ]);
    if (indexes.size === 0) continue;
    const interfaces = [...indexes].map((index): [number, InterfaceReport] => {
      const configured = profile.interfaces?.get(index);
      const learnt = exporter.interfaces.get(index);
      return [
        index,
        {
          name: configured?.name ?? learnt?.name ?? '',
          description: configured?.description ?? learnt?.description ?? '',
          speed: configured?.speed ?? profile.defaultInterfaceSpeed ?? 0,
        },
      ];
    });
    inventory.push({
      address: exporter.address,
      exporterName: profile.name,
      tenantId: profile.tenantId,
      interfaces,
    });
  }
  return inventory;
}

/** Grows with whatever can change the inventory, and is cheap: so that it need not be made anew to see that it is the same. */
export function interfaceChanges(exporters: Iterable<Exporter>): number {
  let sum = 0;
  for (const { namesVersion, interfacesSeen } of exporters) sum += 1 + namesVersion + interfacesSeen.size;
  return sum;
}
