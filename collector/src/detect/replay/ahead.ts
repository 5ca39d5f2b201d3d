/**
 * What `make` makes of each item, in their order, the next one always begun before the last one is given out: reading and working
 * overlap. Who stops early waits for the one that is under way.
 */
export async function* ahead<Item, Made>(
  items: AsyncGenerator<Item>,
  make: (item: Item) => Promise<Made>,
  signal?: AbortSignal,
): AsyncGenerator<Made> {
  const begin = async (): Promise<{ made: Made } | undefined> => {
    signal?.throwIfAborted();
    const next = await items.next();
    return next.done === true ? undefined : { made: await make(next.value) };
  };
  let coming = begin();
  try {
    for (;;) {
      const come = await coming;
      if (come === undefined) return;
      coming = begin();
      // Whoever waits for it sees the failure; until then it is not one of nobody's.
      coming.catch(() => undefined);
      yield come.made;
    }
  } finally {
    await coming.catch(() => undefined);
    await items.return(undefined);
  }
}
