import type { WindowRows } from '@weir/core/windows';
import { MOST_WINDOWS_BACK, type Step } from '../../step.ts';

const LEAST_HOSTS = 5;
const LEAST_CONTACTS = 2;

/**
 * Whether most own hosts of a tenant failed to reach what they contacted, in any window of the last minute: then a link or a firewall was
 * down, and a host whose contacts fail is no scanner.
 */
export function isOutage(step: Step, tenant: string): boolean {
  for (let back = 0; back < MOST_WINDOWS_BACK; back++) {
    const rows = step.rowsBack('source', back);
    if (rows !== undefined && mostFail(rows, tenant)) return true;
  }
  return false;
}

function mostFail(rows: WindowRows, tenant: string): boolean {
  const tenants = rows.keys.tenant_id!;
  const { contact_flows: contacts, failed_flows: failed, internal } = rows.numbers;
  const id = rows.texts.tenant_id.indexOf(tenant);
  let contacting = 0;
  let failing = 0;
  for (let row = 0; row < rows.rows; row++) {
    if (rows.rest[row] === 1 || tenants[row] !== id) continue;
    if ((internal[row]! & 1) === 0 || contacts[row]! < LEAST_CONTACTS) continue;
    contacting++;
    if (failed[row]! > contacts[row]! / 2) failing++;
  }
  return failing > LEAST_HOSTS && failing > contacting / 2;
}
