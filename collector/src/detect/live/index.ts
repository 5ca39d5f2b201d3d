export { BlockFeed, type FeedCounts } from './block-feed.ts';
export { Detection, type DetectionState } from './detection.ts';
export type { DetectionCounts, FromFeed, ToFeed } from './messages.ts';
