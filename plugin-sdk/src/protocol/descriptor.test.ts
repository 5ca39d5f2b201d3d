import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { compileProtos, DESCRIPTOR_PATH } from '../../scripts/compile-protos.ts';

describe('the compiled descriptor', () => {
  it('is what the .proto files say (else run plugin-sdk/scripts/compile-protos.ts)', () => {
    expect(readFileSync(DESCRIPTOR_PATH, 'utf8')).toBe(compileProtos());
  });
});
