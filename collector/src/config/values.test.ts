import { describe, expect, test } from '@jest/globals';
import { formatBitRate, parseBitRate } from './bit-rate.ts';
import { didYouMean } from './did-you-mean.ts';
import { parseDuration } from './duration.ts';
import { formatEndpoint, parseEndpoint } from './endpoint.ts';
import { formatSize, parseSize } from './size.ts';

describe('sizes', () => {
  test.each([
    ['32MiB', 33554432],
    ['1.5 GiB', 1610612736],
    ['512m', 536870912],
    ['10GB', 1e10],
    [4096, 4096],
    ['4096', 4096],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(['', '-1', '5 apples', '1e9', 'MiB', '99999999TiB'])('%s is none', (text) =>
    expect(parseSize(text)).toBeUndefined(),
  );

  test.each([1, 1024, 1536, 10 * 2 ** 30, 1e9])('%d is read back as it was written', (bytes) =>
    expect(parseSize(formatSize(bytes))).toBe(bytes),
  );
});

test('durations', () => {
  expect(parseDuration('250ms', 's')).toBe(250);
  expect(parseDuration(5, 's')).toBe(5000);
  expect(parseDuration('1.5', 'm')).toBe(90_000);
  expect(parseDuration('2 d', 's')).toBe(172_800_000);
  expect(parseDuration('soon', 's')).toBeUndefined();
});

describe('endpoints', () => {
  test.each(['127.0.0.1:2055', '[::]:2055', '[fe80::1%eth0]:1', 'localhost:0', 'collector-1.example:65535'])(
    '%s',
    (text) => expect(formatEndpoint(parseEndpoint(text)!)).toBe(text),
  );

  test.each(['2055', ':2055', '::1:2055', '0.0.0.0', '1.2.3:4', '256.1.1.1:5', 'h:65536', '[zz]:1', 'a b:1'])(
    '%s is none',
    (text) => expect(parseEndpoint(text)).toBeUndefined(),
  );
});

test('did you mean', () => {
  const keys = ['listen', 'receive_buffer', 'data_dir', 'max_size'];
  expect(didYouMean('lsiten', keys)).toBe('listen');
  expect(didYouMean('dataDir', keys)).toBe('data_dir');
  expect(didYouMean('maxsize', keys)).toBe('max_size');
  expect(didYouMean('colour', keys)).toBeUndefined();
});

test('rates are bits a second, in powers of ten', () => {
  expect(['10Gbps', '2.5 gbps', '100Mbps', '64kbps', '1200', 1e9, '7bps'].map(parseBitRate)).toEqual([
    10e9, 2.5e9, 100e6, 64e3, 1200, 1e9, 7,
  ]);
  for (const wrong of ['10G', 'fast', '10GBps/s', '-1', '']) expect(parseBitRate(wrong)).toBeUndefined();
  expect([10e9, 2.5e9, 1e12, 1500, 7].map(formatBitRate)).toEqual(['10Gbps', '2500Mbps', '1Tbps', 1500, 7]);
});
