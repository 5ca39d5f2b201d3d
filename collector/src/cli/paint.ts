import { styleText } from 'node:util';
import type { Io, Output } from './io.ts';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'inverse';
export type Paint = (style: Style, text: string) => string;

/** Colours for a terminal that wants them: not for files and pipes, not with NO_COLOR, not on a dumb terminal. */
export function painter(output: Output, env: Io['env']): Paint {
  const wanted = output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return wanted ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;
}
