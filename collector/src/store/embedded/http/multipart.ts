import { exception } from './exceptions.ts';
import { toBinary, tokens } from './lexer.ts';
import type { RequestBody } from './body.ts';

/** What a body of multipart/form-data holds. */
export interface MultipartForm {
  /** Fields: `query`, `param_…`, settings, and what belongs to the tables. */
  readonly fields: ReadonlyMap<string, string>;
  readonly tables: readonly ExternalTable[];
}

/** A table that a request brings along, for its own query only. */
export interface ExternalTable {
  readonly name: string;
  readonly format: string;
  /** `id UInt32, name String` */
  readonly structure: string;
  readonly data: Buffer;
}

/** Tables of a request are held in memory. More than this belongs into a table of its own. */
const MAX_FORM_BYTES = 64 << 20;

/**
 * @param address the parameters of the address, where `<table>_structure` and the like may stand as well
 * @throws {DatabaseError} code 36 for a form that is not whole or a table without a structure
 */
export async function readMultipart(
  body: RequestBody,
  contentType: string,
  address: URLSearchParams,
): Promise<MultipartForm> {
  const pieces: Buffer[] = [];
  let size = 0;
  for (let piece = await body.next(); piece !== undefined; piece = await body.next()) {
    size += piece.length;
    if (size > MAX_FORM_BYTES) {
      throw exception('QUERY_IS_TOO_LARGE', `A multipart body may have ${MAX_FORM_BYTES} bytes at most`);
    }
    pieces.push(piece);
  }
  let form: FormData;
  try {
    form = await new Response(Buffer.concat(pieces), { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw exception('BAD_ARGUMENTS', `Malformed multipart/form-data body: ${(error as Error).message}`);
  }
  const fields = new Map<string, string>();
  const files: [string, Blob][] = [];
  form.forEach((value, name) => {
    if (typeof value === 'string') fields.set(name, value);
    else files.push([name, value as Blob]);
  });
  const tables: ExternalTable[] = [];
  for (const [name, file] of files) {
    const about = (suffix: string): string | undefined => {
      const key = `${name}_${suffix}`;
      const value = fields.get(key) ?? address.get(key) ?? undefined;
      fields.delete(key);
      return value;
    };
    tables.push({
      name: checkedName(name),
      format: checkedName(about('format') ?? 'TabSeparated'),
      structure: checkedStructure(name, about('structure'), about('types')),
      data: Buffer.from(await file.arrayBuffer()),
    });
  }
  return { fields, tables };
}

/** The parameters of an address that belong to tables of the body. */
export function isAboutTable(parameter: string, tables: readonly ExternalTable[]): boolean {
  return tables.some(({ name }) =>
    [`${name}_format`, `${name}_structure`, `${name}_types`].includes(parameter),
  );
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw exception('BAD_ARGUMENTS', `'${name}' is no name for a table or format of a multipart body`);
}

/**
 * The structure goes into a CREATE with all rights, also for a read-only user. So it may hold names and types and nothing
 * else: no default or other expression that could compute anything.
 */
function checkedStructure(table: string, structure: string | undefined, types: string | undefined): string {
  const text = structure ?? types;
  if (text === undefined) {
    throw exception(
      'BAD_ARGUMENTS',
      `The table ${table} of a multipart body needs ${table}_structure or ${table}_types`,
    );
  }
  const columns: string[][] = [[]];
  let depth = 0;
  const binary = toBinary(text);
  for (const token of tokens(binary)) {
    const part = binary.slice(token.start, token.end);
    const legal =
      token.type === 'word' ||
      token.type === 'quoted' ||
      (depth > 0 && (token.type === 'string' || token.type === 'number')) ||
      ['(', ')', ',', ...(depth > 0 ? ['=', '-'] : [])].includes(part);
    if (!legal) throw exception('BAD_ARGUMENTS', `Illegal structure of the table ${table}: ${text}`);
    if (part === '(') depth++;
    if (part === ')') depth--;
    if (part === ',' && depth === 0) columns.push([]);
    else columns.at(-1)!.push(part);
  }
  return columns
    .map((parts, index) => {
      const [name, type, ...rest] = structure === undefined ? [`_${index + 1}`, ...parts] : parts;
      // After the type's name there can only be its parentheses.
      const whole = rest.length === 0 || (rest[0] === '(' && closesAtEnd(rest));
      if (name === undefined || type === undefined || !whole) {
        throw exception('BAD_ARGUMENTS', `Illegal structure of the table ${table}: ${text}`);
      }
      return `${name} ${type}${rest.join(' ')}`;
    })
    .map((column) => Buffer.from(column, 'latin1').toString('utf8'))
    .join(', ');
}

function closesAtEnd(parts: readonly string[]): boolean {
  let depth = 0;
  return parts.every((part, index) => {
    if (part === '(') depth++;
    if (part === ')') depth--;
    return depth > 0 || index === parts.length - 1;
  });
}
