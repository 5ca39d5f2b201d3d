import { spanText } from '../ledger/words.ts';
import type { Paint } from './paint.ts';
import { type TableColumn, tableLines } from './table.ts';
import { fitted } from './text-width.ts';
import { REACH_SECONDS, type TopAnswer, type TopQuestion } from './top-query.ts';
import { type TopView, topViews } from './top-views.ts';

const BAR_CELLS = 16;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
/** Data older than this is worth a word: batches are seconds long, not minutes. */
const STALE_MS = 60_000;

/** What `weir top` shows, in lines of at most `width` cells. */
export function topLines(question: TopQuestion, answer: TopAnswer, width: number, paint: Paint): string[] {
  const view: TopView = topViews[question.view];
  if (answer.untilMs === null)
    return [
      `No flows in the last ${spanText(REACH_SECONDS * 1000)}. Does an exporter send? See: weir exporters`,
    ];
  const { all } = answer;
  const head = `Top ${view.plural} by ${question.order}, ${spanText(answer.seconds * 1000)} until ${clock(answer.untilMs)}`;
  const sum = `All together: ${rateText(all.bits, 'bit/s')}, ${rateText(all.packets, '')} packets/s, ${rateText(all.flows, '')} flows/s`;
  const stale =
    answer.ageMs > STALE_MS ? [paint('yellow', `The latest flow came ${spanText(answer.ageMs)} ago.`)] : [];
  const columns: TableColumn[] = [
    { title: '#', align: 'right' },
    ...view.titles.map((title): TableColumn => ({ title })),
    { title: 'BITS/S', align: 'right' },
    { title: 'PACKETS/S', align: 'right' },
    { title: 'FLOWS/S', align: 'right' },
    { title: 'SHARE', align: 'right' },
    { title: ''.padEnd(BAR_CELLS), align: 'right' },
  ];
  const rows = answer.talkers.map((talker, i) => {
    const whole = all[question.order];
    const share = whole > 0 ? talker[question.order] / whole : 0;
    return [
      String(i + 1),
      ...view.label(talker.key),
      rateText(talker.bits, ''),
      rateText(talker.packets, ''),
      rateText(talker.flows, ''),
      `${(share * 100).toFixed(1)} %`,
      bar(share).padEnd(BAR_CELLS),
    ];
  });
  const barColumn = columns.length - 1;
  const options = {
    width,
    paint,
    style: (cell: string, _: number, c: number) => (c === barColumn ? paint('cyan', cell) : cell),
  };
  const table =
    tableLines(columns, rows, options) ??
    // A narrow terminal does without the bars, and a very narrow one is cut.
    tableLines(
      columns.slice(0, -1),
      rows.map((row) => row.slice(0, -1)),
      options,
    ) ??
    rows.map((row) => fitted(row.join(' '), width));
  return [
    paint('bold', fitted(head, width)),
    fitted(sum, width),
    ...stale,
    '',
    ...(rows.length === 0 ? ['No flows match.'] : table),
  ];
}

/** `▉▉▉▌` for a share from 0 to 1. */
export function bar(share: number, cells = BAR_CELLS): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * cells * 8);
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
}

/** `1.23 Gbit/s`, `950 bit/s`; three digits that count. */
export function rateText(value: number, unit: string): string {
  let scaled = value;
  let prefix = '';
  for (const larger of ['k', 'M', 'G', 'T', 'P']) {
    if (scaled < 999.5) break;
    scaled /= 1000;
    prefix = larger;
  }
  const digits = scaled >= 99.95 || Number.isInteger(scaled) ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${prefix}${unit}`.trimEnd();
}

function clock(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}
