export { MOST_FOR_SECONDS, MOST_OVER_SECONDS, compileRule } from './compile.ts';
export type { CompiledRule, RuleCompilation, RuleProblem } from './compile.ts';
export { rulesDetector } from './rules-detector.ts';
export { windowFields } from './window-fields.ts';
export type { WindowField } from './window-fields.ts';
