import type { Detector, Parameter, Parameters, Values } from './detector.ts';
import type { DetectionSettings, DetectorSettings, Sensitivity } from './settings.ts';

/** What a sensitivity does to thresholds. */
const factors: Readonly<Record<Sensitivity, number>> = { low: 2, medium: 1, high: 0.5 };

/** What the configuration says of a detector for a tenant: the tenant's own keys over those for all. */
export function settingsOf(settings: DetectionSettings, detector: string, tenant: string): DetectorSettings {
  const forAll = settings.detectors[detector];
  const own = settings.tenants[tenant]?.[detector];
  if (own === undefined) return forAll ?? {};
  return {
    enabled: own.enabled ?? forAll?.enabled,
    sensitivity: own.sensitivity ?? forAll?.sensitivity,
    scope: own.scope ?? forAll?.scope,
    parameters: { ...forAll?.parameters, ...own.parameters },
  };
}

/** A detector's parameters as they hold for a tenant: a value that was set holds as it is, a default is bent by the sensitivity. */
export function valuesOf<P extends Parameters>(
  detector: Pick<Detector<P>, 'name' | 'parameters'>,
  settings: DetectionSettings,
  tenant: string,
): Values<P> {
  const { sensitivity = 'medium', parameters = {} } = settingsOf(settings, detector.name, tenant);
  return Object.fromEntries(
    Object.entries(detector.parameters).map(([name, parameter]) => [
      name,
      parameters[name] ?? bent(parameter, sensitivity),
    ]),
  ) as Values<P>;
}

function bent(parameter: Parameter, sensitivity: Sensitivity): number {
  if (parameter.threshold !== true) return parameter.default;
  const { least = 0, most = Infinity } = parameter;
  return Math.min(most, Math.max(least, parameter.default * factors[sensitivity]));
}
