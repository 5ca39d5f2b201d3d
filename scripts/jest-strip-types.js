import { stripTypeScriptTypes } from 'node:module';

/* Jest's view of TypeScript is Node's own: types are stripped, nothing is compiled. */
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
};
