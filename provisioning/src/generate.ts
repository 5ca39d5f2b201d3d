import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ruleFile } from './rules.ts';

/* Writes alerting/rules.yaml; with --check, says whether it is up to date. */

export const RULES_FILE = join(import.meta.dirname, '..', 'alerting', 'rules.yaml');

export function rulesYaml(): string {
  const head =
    '# Alert rules. Generated from provisioning/src/rules.ts by `npm run dashboards`: change it there, or pause and copy a rule in Grafana.\n';
  return head + stringify(ruleFile(), { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true });
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(RULES_FILE, rulesYaml());
  else if (readFileSync(RULES_FILE, 'utf8') !== rulesYaml()) {
    console.error(
      'provisioning/alerting/rules.yaml is not what provisioning/src/rules.ts says: run `npm run dashboards`',
    );
    process.exit(1);
  }
}
