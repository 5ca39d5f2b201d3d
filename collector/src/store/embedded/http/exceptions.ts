import { DatabaseError } from '../../clickhouse/database.ts';
import { ErrorCode } from '../../clickhouse/error-codes.ts';
import type { ErrorCodeName } from '../../clickhouse/error-codes.ts';

/** An error of the interface itself, in ClickHouse's form. */
export function exception(codeName: ErrorCodeName, message: string): DatabaseError {
  return new DatabaseError(message, { code: ErrorCode[codeName], codeName, retryable: false });
}

/** What is to be sent of an error. */
export interface ExceptionReport {
  readonly status: number;
  readonly code: number;
  /** `Code: 60. DB::Exception: … (UNKNOWN_TABLE) (version 26.7.2.1)` */
  readonly text: string;
}

/** Puts any error as ClickHouse's HTTP interface would. */
export function report(error: unknown, version: string): ExceptionReport {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof DatabaseError ? error : undefined;
  const code = known?.code ?? 1001;
  const name = known?.code === undefined ? 'STD_EXCEPTION' : (known.codeName ?? codeName(code));
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  return {
    status: httpStatus(code),
    code,
    text: `Code: ${code}. DB::Exception: ${sentence} (${name}) (version ${version})\n`,
  };
}

function codeName(code: number): string {
  return Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? `CODE_${code}`;
}

const STATUSES: ReadonlyMap<number, number> = new Map(
  (
    [
      [401, ['REQUIRED_PASSWORD']],
      [
        403,
        ['UNKNOWN_USER', 'WRONG_PASSWORD', 'AUTHENTICATION_FAILED', 'SET_NON_GRANTED_ROLE', 'ACCESS_DENIED'],
      ],
      [
        400,
        [
          'BAD_ARGUMENTS',
          'CANNOT_COMPILE_REGEXP',
          'CANNOT_PARSE_TEXT',
          'CANNOT_PARSE_ESCAPE_SEQUENCE',
          'CANNOT_PARSE_QUOTED_STRING',
          'CANNOT_PARSE_DATE',
          'CANNOT_PARSE_DATETIME',
          'CANNOT_PARSE_NUMBER',
          'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING',
          'CANNOT_PARSE_IPV4',
          'CANNOT_PARSE_IPV6',
          'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
          'CANNOT_PARSE_UUID',
          'DUPLICATE_COLUMN',
          'ILLEGAL_COLUMN',
          'UNKNOWN_ELEMENT_IN_AST',
          'UNKNOWN_TYPE_OF_AST_NODE',
          'THERE_IS_NO_COLUMN',
          'TOO_DEEP_AST',
          'TOO_BIG_AST',
          'UNEXPECTED_AST_STRUCTURE',
          'SYNTAX_ERROR',
          'INCORRECT_DATA',
          'TYPE_MISMATCH',
          'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
          'INVALID_SESSION_TIMEOUT',
        ],
      ],
      [
        404,
        [
          'UNKNOWN_TABLE',
          'UNKNOWN_FUNCTION',
          'UNKNOWN_IDENTIFIER',
          'UNKNOWN_TYPE',
          'UNKNOWN_STORAGE',
          'UNKNOWN_DATABASE',
          'UNKNOWN_SETTING',
          'UNKNOWN_DIRECTION_OF_SORTING',
          'UNKNOWN_AGGREGATE_FUNCTION',
          'UNKNOWN_FORMAT',
          'UNKNOWN_DATABASE_ENGINE',
          'UNKNOWN_TYPE_OF_QUERY',
          'UNKNOWN_ROLE',
        ],
      ],
      [408, ['TIMEOUT_EXCEEDED']],
      [411, ['HTTP_LENGTH_REQUIRED']],
      [413, ['QUERY_IS_TOO_LARGE']],
      [415, ['UNSUPPORTED_MEDIA_TYPE']],
      [501, ['NOT_IMPLEMENTED']],
      // ClickHouse says 500 where too many queries run; 503 is what load balancers and retrying clients understand.
      [503, ['SOCKET_TIMEOUT', 'CANNOT_OPEN_FILE', 'CANNOT_SCHEDULE_TASK', 'TOO_MANY_SIMULTANEOUS_QUERIES']],
    ] satisfies [number, ErrorCodeName[]][]
  ).flatMap(([status, names]) => names.map((name): [number, number] => [ErrorCode[name], status])),
);

function httpStatus(code: number): number {
  return STATUSES.get(code) ?? 500;
}
