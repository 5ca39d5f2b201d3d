/** What the screens hold and tests read. */
export const state = {
  query: undefined as unknown,
  options: undefined as unknown,
  frames: [] as unknown[],
  answers: 0,
  errors: [] as string[],
  reset(): void {
    state.query = undefined;
    state.options = undefined;
    state.noAnswers();
  },
  noAnswers(): void {
    state.frames = [];
    state.answers = 0;
    state.errors = [];
  },
};
