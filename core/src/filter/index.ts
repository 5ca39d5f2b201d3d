/*
 * The filter language: text to filter and back, to SQL, and what editors need. It runs in browsers too: nothing here imports the table of
 * columns or batches. The predicate over a batch is apart, in `predicate.ts`.
 */
export { all, andFilters, conditionsOf } from './ast.ts';
export type {
  All,
  And,
  Comparison,
  Condition,
  Filter,
  Not,
  Or,
  Problem,
  Term,
  Test,
  TextPart,
  Value,
} from './ast.ts';
export { adHocFilters } from './ad-hoc.ts';
export { complete } from './complete.ts';
export type { Completion, CompletionItem } from './complete.ts';
export { addCondition, hasCondition, removeCondition } from './edit.ts';
export { filterField, filterFields } from './field-types.ts';
export { filterFieldNames, formatFilter, quoteValue, valueText } from './format.ts';
export { problems } from './lint.ts';
export type { Finding } from './lint.ts';
export { mirrorFilter } from './mirror.ts';
export { MAX_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, parseFilter } from './parser.ts';
export type { FieldList, ParseResult } from './parser.ts';
export { filterReference } from './reference.ts';
export { readRegularExpression } from './regular-expression.ts';
export type { RegularExpression } from './regular-expression.ts';
export { tokens } from './roles.ts';
export type { Role, RoleToken } from './roles.ts';
export { Parameters, filterColumns, filterSql } from './sql.ts';
export { valueCondition } from './value-condition.ts';
export type { ValueOperator } from './value-condition.ts';
export { dscpNames, flagNames, flagsText, nameOf, protocolNames, serviceNames } from './value-names.ts';
