/** SQL moved to the right, so that what is within stands within. */
export function indented(sql: string, by = 4): string {
  const space = ' '.repeat(by);
  return sql
    .split('\n')
    .map((line) => (line === '' ? line : space + line))
    .join('\n');
}
