import type { Answer, Question } from '../live/messages.ts';
import type { BacktestProgress, BacktestResult } from './backtest.ts';

/** To the thread of a replay. */
export interface ToBacktest {
  readonly kind: 'answer';
  readonly id: number;
  readonly answer: Answer;
}

/** From the thread of a replay. */
export type FromBacktest =
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'progress'; readonly progress: BacktestProgress }
  | { readonly kind: 'result'; readonly result: BacktestResult }
  /** `ofRequest`: what was asked is wrong, not what was done. */
  | { readonly kind: 'failed'; readonly message: string; readonly ofRequest: boolean };
