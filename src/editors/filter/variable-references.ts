/** Where a text names variables: `$name`, `${name:format}`, `[[name]]`; not the macros, `$__…`. */
export function variableReferences(text: string): { readonly from: number; readonly to: number }[] {
  const pattern = /\$(?!__)(\w+)|\$\{(?!__)\w+(?:\.[^:^}]+)?(?::[^}]+)?\}|\[\[\w+?(?::\w+)?\]\]|\$__all\b/g;
  return [...text.matchAll(pattern)].map(({ index, 0: match }) => ({
    from: index,
    to: index + match.length,
  }));
}
