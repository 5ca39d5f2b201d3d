export { BlockFeed, type FeedCounts } from './block-feed.ts';
export { DetectionClient } from './detection-client.ts';
export type { DetectionCounts, FromFeed, ToFeed } from './messages.ts';
