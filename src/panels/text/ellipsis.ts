/** Width of a text in pixels. */
export type Measure = (text: string) => number;

/**
 * The text, or as much of it as fits into the width with an ellipsis. Addresses and host names differ most at their ends, so the
 * middle is what goes; below four letters nothing is left worth reading and the answer is empty.
 */
export function fitText(text: string, width: number, measure: Measure): string {
  if (measure(text) <= width) return text;
  let low = 0;
  let high = text.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(shortened(text, middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return low < 4 ? '' : shortened(text, low);
}

function shortened(text: string, letters: number): string {
  const head = Math.ceil(letters * 0.6);
  return `${text.slice(0, head)}…${text.slice(text.length - (letters - head))}`;
}
