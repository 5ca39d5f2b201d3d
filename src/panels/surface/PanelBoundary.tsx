import * as React from 'react';

interface Props {
  readonly children: React.ReactNode;
  /** The boundary tries again when this changes: with the next data. */
  readonly attempt: unknown;
}

interface State {
  readonly fault: Error | null;
  readonly attempt: unknown;
}

/** What goes wrong in a panel is said in the panel, and the dashboard lives on. */
export class PanelBoundary extends React.Component<Props, State> {
  override state: State = { fault: null, attempt: this.props.attempt };

  static getDerivedStateFromError(fault: Error): Partial<State> {
    return { fault };
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.attempt === state.attempt ? null : { fault: null, attempt: props.attempt };
  }

  override render(): React.ReactNode {
    const { fault } = this.state;
    if (fault === null) return this.props.children;
    return <PanelMessage text={`The panel could not draw this data: ${fault.message}`} alert />;
  }
}

export function PanelMessage({
  text,
  alert = false,
}: {
  readonly text: string;
  readonly alert?: boolean;
}): React.ReactElement {
  return (
    <div
      role={alert ? 'alert' : 'status'}
      style={{
        width: '100%',
        height: '100%',
        display: 'flex',
        alignItems: 'center',
        justifyContent: 'center',
        padding: 16,
        textAlign: 'center',
        opacity: 0.8,
      }}
    >
      {text}
    </div>
  );
}
