import type { WindowReads } from '../replay/window-reads.ts';
import type { Answer, Question } from './messages.ts';

/** ClickHouse from a thread that has no connection of its own: questions go out, answers come back. */
export class AskedDatabase implements WindowReads {
  private readonly ask: (id: number, question: Question) => void;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private id = 0;

  constructor(ask: (id: number, question: Question) => void) {
    this.ask = ask;
  }

  query<Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
    return this.put({ form: 'rows', sql, parameters }) as Promise<Row[]>;
  }

  queryNative(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Uint8Array> {
    return this.put({ form: 'native', sql, parameters }) as Promise<Uint8Array>;
  }

  private async put(question: Question): Promise<unknown> {
    const id = this.id++;
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.ask(id, question);
    });
    if (!answer.ok) throw new Error(answer.message);
    return answer.value;
  }

  answered(id: number, answer: Answer): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }
}
