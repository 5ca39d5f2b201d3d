import { describe, expect, it } from '@jest/globals';
import { defaultSettings } from '@weir/core/query';
import { SettingsError, readSecrets, readSettings } from './data-source-settings.ts';

describe('settings', () => {
  it.each([[undefined], [null], [{}], [''], [{ url: '', database: '' }]])('%j has every default', (given) => {
    expect(readSettings(given)).toEqual(defaultSettings);
  });

  it('keep what is given, take numbers in text, and ignore what they do not know', () => {
    expect(
      readSettings({ url: 'https://ch:8443/', maxRows: '500', timeoutSeconds: null, httpHeaderName1: 'X' }),
    ).toEqual({
      ...defaultSettings,
      url: 'https://ch:8443/',
      maxRows: 500,
    });
  });

  it.each([
    [{ url: 'clickhouse:8123' }, /url must be an address like http:\/\/clickhouse:8123/],
    [{ url: 'http://me:secret@ch:8123' }, /url must hold no user and no password/],
    [{ database: 'weir; DROP' }, /database must be a name of letters/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds must be at least 1/],
    [{ maxRows: 'many' }, /maxRows must be a number from 1/],
    [{ concurrency: 1000 }, /concurrency must be at most 100/],
    [{ allowSql: 'yes' }, /allowSql must be true or false/],
    [{ collectorUrl: 'ftp://x' }, /collectorUrl must be an address/],
    [[], /must be an object/],
  ])('%j is refused, named', (given, message) => {
    expect(() => readSettings(given)).toThrow(SettingsError);
    expect(() => readSettings(given)).toThrow(message);
  });

  it('never repeat a password that stands in an address', () => {
    expect(() => readSettings({ url: 'http://me:hunter2@ch:8123' })).toThrow(/^(?!.*hunter2)/);
  });
});

describe('secrets', () => {
  it('are those that there are', () => {
    expect(readSecrets({ password: 'x', collectorToken: '', other: 'y' })).toEqual({ password: 'x' });
  });

  it('must be PEM where they are certificates, and are not repeated', () => {
    expect(() => readSecrets({ tlsCaCert: 'hunter2' })).toThrow(
      /^The secret tlsCaCert must be in PEM(?!.*hunter2)/,
    );
  });

  it('of a client certificate come with its key', () => {
    expect(() => readSecrets({ tlsClientCert: '-----BEGIN CERTIFICATE-----' })).toThrow(
      /both are needed or none/,
    );
  });
});
