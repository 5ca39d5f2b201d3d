/** What is wrong with a query, where in it, and what would be right. */
export interface QueryProblem {
  /** The query's key that is at fault, `dimensions` say; empty where it is the query as a whole. */
  readonly path: string;
  readonly message: string;
}

/** Thrown inside the compiler, caught at its door: a query that cannot be answered. */
export class Refused extends Error {
  readonly problem: QueryProblem;

  constructor(path: string, message: string) {
    super(message);
    this.problem = { path, message };
  }
}
