import type { Step } from '../../step.ts';

/** Rows looked at: enough to tell a half from nearly all. */
const ROWS = 1000;
/** Flows of one host that count at most: a scanner does not decide for all. */
const MOST_OF_ONE = 20;
const LEAST = 10;

/**
 * The share of contacts whose answers are seen, for own hosts or for those outside, by all but one of them; undefined where there are too
 * few to say.
 *
 * Where routes are asymmetric, or an exporter reports one direction alone, nothing ever answers: then a contact without an answer
 * proves nothing. Answers are biflows' reverse packets, or flows to the host that are no contacts.
 */
export function answersSeen(
  step: Step,
  tenantId: number,
  own: boolean,
  except?: Uint32Array,
): number | undefined {
  const rows = step.rows('source');
  const contactFlows = rows.numbers.contact_flows;
  const answered = rows.numbers.answered_flows;
  const { internal } = rows.numbers;
  const stride = Math.max(1, Math.floor(rows.rows / ROWS));
  let contacts = 0;
  let answers = 0;
  for (let row = 0; row < rows.rows; row += stride) {
    if (rows.rest[row] === 1 || contactFlows[row] === 0 || ((internal[row]! & 1) === 1) !== own) continue;
    const { key } = step.entity('source', row);
    if (key[0] !== tenantId || (except !== undefined && key.every((word, k) => word === except[k]))) continue;
    const back = step.entityOf('destination', key);
    const made = Math.min(MOST_OF_ONE, contactFlows[row]!);
    contacts += made;
    answers += Math.min(made, answered[row]! + Math.max(0, back.at('flows') - back.at('contact_flows')));
  }
  return contacts < LEAST ? undefined : answers / contacts;
}
