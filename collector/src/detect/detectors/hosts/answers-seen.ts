import type { Step } from '../../step.ts';

/** Rows looked at: enough to tell a half from nearly all. */
const ROWS = 1000;
/** Flows of one host that count at most: a scanner does not decide for all. */
const MOST_OF_ONE = 20;
const LEAST = 10;

/**
 * Contacts of own hosts, or of those outside, in the current window, and how many of them are answered.
 *
 * Where routes are asymmetric, or an exporter reports one direction alone, nothing ever answers: then a contact without an answer
 * proves nothing. Answers are biflows' reverse packets, or flows to the host that are no contacts.
 */
export function countAnswers(
  step: Step,
  tenant: string,
  own: boolean,
  except?: Uint32Array,
): { readonly contacts: number; readonly answers: number } {
  const rows = step.rows('source');
  const { contact_flows: contactFlows, answered_flows: answered, internal } = rows.numbers;
  const tenants = rows.keys.tenant_id!;
  const id = rows.texts.tenant_id.indexOf(tenant);
  const stride = Math.max(1, Math.floor(rows.rows / ROWS));
  let contacts = 0;
  let answers = 0;
  for (let row = 0; row < rows.rows; row += stride) {
    if (rows.rest[row] === 1 || tenants[row] !== id || contactFlows[row] === 0) continue;
    if (((internal[row]! & 1) === 1) !== own) continue;
    const { key } = step.entity('source', row);
    if (except !== undefined && key.every((word, k) => word === except[k])) continue;
    const back = step.entityOf('destination', key);
    const made = Math.min(MOST_OF_ONE, contactFlows[row]!);
    contacts += made;
    answers += Math.min(made, answered[row]! + Math.max(0, back.at('flows') - back.at('contact_flows')));
  }
  return { contacts, answers };
}

/** The share of contacts whose answers are seen, by all hosts but one; undefined where there are too few to say. */
export function answersSeen(
  step: Step,
  tenant: string,
  own: boolean,
  except?: Uint32Array,
): number | undefined {
  const { contacts, answers } = countAnswers(step, tenant, own, except);
  return contacts < LEAST ? undefined : answers / contacts;
}
