import * as React from 'react';
import { Alert, Button } from '@grafana/ui';

interface Props {
  readonly children: React.ReactNode;
  /** What is shut when it fails. */
  readonly what: string;
}

/** Keeps a fault of ours to its editor: the page around it stays, and it says what happened. */
export class ErrorBoundary extends React.Component<Props, { readonly error: Error | undefined }> {
  override state: { readonly error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error };
  }

  override render(): React.ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Alert severity="error" title={`The ${this.props.what} has failed`}>
        <p>{error.message}</p>
        <Button size="sm" variant="secondary" onClick={() => this.setState({ error: undefined })}>
          Try again
        </Button>
      </Alert>
    );
  }
}
