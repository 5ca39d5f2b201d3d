import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { createProgram, runProgram } from './program.ts';
import { painter } from './paint.ts';
import { capturedIo } from './testing/captured-io.ts';
import { fitted, printable, textWidth, wrapped } from './text-width.ts';

async function weir(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ status: number; out: string; err: string }> {
  const io = capturedIo({ env });
  const status = await runProgram(
    createProgram(() => new Command('collect'), io),
    ['node', 'weir', ...args],
    io,
  );
  return { status, out: io.out(), err: io.err() };
}

function write(yaml: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'weir-cli-')), 'weir.yaml');
  writeFileSync(file, yaml);
  return file;
}

test('every command teaches with examples', () => {
  const program = createProgram(() => new Command('collect'), capturedIo());
  const help = new Map<string, string>();
  for (const command of program.commands) {
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();
    help.set(command.name(), text);
  }
  expect([...help.keys()]).toEqual([
    'collect',
    'top',
    'exporters',
    'query',
    'backtest',
    'simulate',
    'check-config',
  ]);
  for (const name of ['top', 'exporters', 'query', 'backtest', 'check-config'])
    expect(help.get(name)).toContain('Examples:');
});

describe('weir check-config', () => {
  test('prints what holds and where it comes from; warnings apart from it', async () => {
    const { status, out, err } = await weir(
      { KAFKA_BROKERS: 'k:9092' },
      'check-config',
      '--config',
      write('batch: { size: 7 }'),
    );
    expect(status).toBe(0);
    expect(out).toContain('size: 7 # file');
    expect(err).toBe(
      'warning: kafka.brokers (environment variable KAFKA_BROKERS) is not used yet: flows go to ClickHouse alone.\n',
    );
  });

  test('prints all problems and exits with 1', async () => {
    const { status, out, err } = await weir(
      { BATCH_SIZE: 'x' },
      'check-config',
      '--config',
      write('lisen: []'),
    );
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(
      /^error: the configuration has 2 problems:\n {2}- batch\.size \(environment variable BATCH_SIZE\).*\n {2}- lisen .*did you mean listen\?\n$/,
    );
  });
});

describe('text for terminals', () => {
  test('widths count cells, not characters or colours', () => {
    expect([
      textWidth('abc'),
      textWidth('数据'),
      textWidth('e\u0301'),
      textWidth('\u001b[31mred\u001b[39m'),
    ]).toEqual([3, 4, 1, 3]);
  });

  test('what does not fit ends with an ellipsis', () => {
    expect([fitted('abcdef', 6), fitted('abcdef', 4), fitted('数据数据', 5)]).toEqual([
      'abcdef',
      'abc…',
      '数据…',
    ]);
  });

  test('names from exporters cannot steer the terminal', () => {
    expect(printable('Gi0/1\u001b[2J\r\n\u009b31m\u202e')).toBe('Gi0/1·[2J·⏎·31m·');
  });

  test('lines are broken between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  });

  test('colours only on a terminal that wants them', () => {
    const shown = (columns: number | undefined, env: Record<string, string>): string =>
      painter(capturedIo(columns === undefined ? {} : { columns }).stdout, env)('red', 'x');
    expect(shown(80, {})).toBe('\u001b[31mx\u001b[39m');
    expect([shown(undefined, {}), shown(80, { NO_COLOR: '1' }), shown(80, { TERM: 'dumb' })]).toEqual([
      'x',
      'x',
      'x',
    ]);
  });
});
