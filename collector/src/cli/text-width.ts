const segmenter = new Intl.Segmenter();
// East Asian wide and fullwidth ranges and emoji, as terminals show them: two cells.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ESCAPE_SEQUENCE = /\u001b\[[\d;]*m/g;

/** Cells that a text takes on a terminal, colours not counted. */
export function textWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text.replace(ESCAPE_SEQUENCE, '')))
    width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** The text if it fits, else its beginning and an ellipsis. For text without colours. */
export function fitted(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let out = '';
  let used = 1;
  for (const { segment } of segmenter.segment(text)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > width) break;
    out += segment;
  }
  return `${out}…`;
}

export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const gap = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + gap : gap + text;
}

/** Text from elsewhere in one line and without what a terminal would obey: names come from exporters. */
export function printable(text: string): string {
  return text
    .replaceAll('\n', '⏎')
    .replaceAll('\t', ' ')
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·');
}

/** Lines of at most so many cells, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
