/** Ends a command with a message that tells the user what to change; nothing of ours has gone wrong. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}
