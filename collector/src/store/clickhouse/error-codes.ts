/** ClickHouse's error codes that this code gives or reacts to, by ClickHouse's own names. */
export const ErrorCode = {
  CANNOT_PARSE_TEXT: 6,
  THERE_IS_NO_COLUMN: 8,
  DUPLICATE_COLUMN: 15,
  CANNOT_PARSE_ESCAPE_SEQUENCE: 25,
  CANNOT_PARSE_QUOTED_STRING: 26,
  CANNOT_PARSE_INPUT_ASSERTION_FAILED: 27,
  ATTEMPT_TO_READ_AFTER_EOF: 32,
  BAD_ARGUMENTS: 36,
  CANNOT_PARSE_DATE: 38,
  CANNOT_PARSE_DATETIME: 41,
  ILLEGAL_COLUMN: 44,
  UNKNOWN_FUNCTION: 46,
  UNKNOWN_IDENTIFIER: 47,
  NOT_IMPLEMENTED: 48,
  UNKNOWN_TYPE: 50,
  TYPE_MISMATCH: 53,
  UNKNOWN_STORAGE: 56,
  UNKNOWN_TABLE: 60,
  SYNTAX_ERROR: 62,
  UNKNOWN_AGGREGATE_FUNCTION: 63,
  CANNOT_PARSE_NUMBER: 72,
  UNKNOWN_FORMAT: 73,
  CANNOT_OPEN_FILE: 76,
  UNKNOWN_TYPE_OF_QUERY: 78,
  UNKNOWN_DATABASE: 81,
  UNKNOWN_ELEMENT_IN_AST: 98,
  UNKNOWN_TYPE_OF_AST_NODE: 99,
  UNEXPECTED_AST_STRUCTURE: 100,
  UNKNOWN_SETTING: 115,
  INCORRECT_DATA: 117,
  UNKNOWN_DATABASE_ENGINE: 118,
  UNKNOWN_DIRECTION_OF_SORTING: 120,
  TIMEOUT_EXCEEDED: 159,
  READONLY: 164,
  TOO_DEEP_AST: 167,
  TOO_BIG_AST: 168,
  UNKNOWN_USER: 192,
  WRONG_PASSWORD: 193,
  REQUIRED_PASSWORD: 194,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  SOCKET_TIMEOUT: 209,
  NETWORK_ERROR: 210,
  QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: 216,
  QUERY_IS_TOO_LARGE: 223,
  TABLE_IS_READ_ONLY: 242,
  NOT_ENOUGH_SPACE: 243,
  MEMORY_LIMIT_EXCEEDED: 241,
  TOO_MANY_PARTS: 252,
  UNKNOWN_STATUS_OF_INSERT: 319,
  VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE: 321,
  SESSION_NOT_FOUND: 372,
  SESSION_IS_LOCKED: 373,
  INVALID_SESSION_TIMEOUT: 374,
  CANNOT_PARSE_UUID: 376,
  HTTP_LENGTH_REQUIRED: 381,
  QUERY_WAS_CANCELLED: 394,
  CANNOT_COMPILE_REGEXP: 427,
  CANNOT_SCHEDULE_TASK: 439,
  CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING: 441,
  ACCESS_DENIED: 497,
  UNKNOWN_ROLE: 511,
  SET_NON_GRANTED_ROLE: 512,
  AUTHENTICATION_FAILED: 516,
  USER_SESSION_LIMIT_EXCEEDED: 700,
  CANNOT_PARSE_IPV4: 675,
  CANNOT_PARSE_IPV6: 676,
  UNSUPPORTED_MEDIA_TYPE: 766,
  CHECKSUM_DOESNT_MATCH: 40,
  UNKNOWN_COMPRESSION_METHOD: 89,
  CANNOT_DECOMPRESS: 271,
  TOO_LARGE_SIZE_COMPRESSED: 128,
} as const;

export type ErrorCodeName = keyof typeof ErrorCode;

/**
 * Codes after which the same statement may succeed unchanged: the machine was short of something, a peer was away, a
 * replica was not ready. All others say that the statement or its data is wrong and would stay so.
 */
const RETRYABLE: ReadonlySet<number> = new Set([
  3, // UNEXPECTED_END_OF_FILE: a connection broke in the middle
  ErrorCode.TIMEOUT_EXCEEDED,
  ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES,
  ErrorCode.SOCKET_TIMEOUT,
  ErrorCode.NETWORK_ERROR,
  225, // NO_ZOOKEEPER
  236, // ABORTED: the server is going down
  ErrorCode.MEMORY_LIMIT_EXCEEDED,
  ErrorCode.TABLE_IS_READ_ONLY, // a replica without its keeper
  ErrorCode.NOT_ENOUGH_SPACE,
  ErrorCode.TOO_MANY_PARTS,
  254, // TOO_MANY_UNEXPECTED_DATA_PARTS
  279, // ALL_CONNECTION_TRIES_FAILED
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  289, // REPLICA_IS_NOT_IN_QUORUM
  305, // ALL_REPLICAS_LOST
  ErrorCode.UNKNOWN_STATUS_OF_INSERT,
  341, // UNFINISHED
  ErrorCode.QUERY_WAS_CANCELLED,
  ErrorCode.CANNOT_SCHEDULE_TASK,
  473, // DEADLOCK_AVOIDED
  999, // KEEPER_EXCEPTION
]);

/** Whether a statement that failed with this code may succeed later, unchanged. */
export function isRetryableCode(code: number): boolean {
  return RETRYABLE.has(code);
}

/**
 * Reads `Code: 60. DB::Exception: … (UNKNOWN_TABLE)` as ClickHouse writes it, in an error's message or a response's body.
 * The message comes back without the outer `Code: … DB::Exception:` and without the version, however often they stand there.
 * Undefined where the text is not ClickHouse's.
 */
export function parseException(
  text: string,
): { code: number; codeName: string | undefined; message: string } | undefined {
  const head = /^\s*(?:Error: )?Code: (\d+)\. (?:DB::Exception: )?/;
  let match = head.exec(text);
  if (match === null) return undefined;
  const code = Number(match[1]);
  let message = text;
  let codeName: string | undefined;
  while (match !== null) {
    message = message.slice(match[0].length);
    match = head.exec(message);
  }
  // At the end stand the name and the version, in either order and up to three times.
  const tail = /\s*\((?:version [^()]*(?:\([^()]*\))?|([A-Z][A-Z0-9_]+))\)[.\s]*$/;
  for (let end = tail.exec(message); end !== null; end = tail.exec(message)) {
    codeName ??= end[1];
    message = message.slice(0, end.index);
  }
  return { code, codeName, message: message.trim() };
}
