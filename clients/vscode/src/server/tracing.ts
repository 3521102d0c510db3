/**
 * The log, as the language client writes down messages in it: on where `ducktypist.trace.server` says
 * so. By itself the client does that only where somebody has set the log's level to Trace.
 */

import * as vscode from 'vscode';
import { SECTION } from '../settings.ts';

const SETTING = `${SECTION}.trace.server`;

export interface Tracing extends vscode.Disposable {
  readonly channel: vscode.LogOutputChannel;
}

export function tracingInto(log: vscode.LogOutputChannel): Tracing {
  const changed = new vscode.EventEmitter<vscode.LogLevel>();
  const following = [
    log.onDidChangeLogLevel(() => changed.fire(level(log))),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SETTING)) {
        changed.fire(level(log));
      }
    }),
  ];
  const channel = Object.create(log, {
    logLevel: { get: () => level(log) },
    onDidChangeLogLevel: { value: changed.event },
    trace: { value: (message: string, ...rest: unknown[]) => log.info(message, ...rest) },
  }) as vscode.LogOutputChannel;
  return { channel, dispose: () => vscode.Disposable.from(changed, ...following).dispose() };
}

function level(log: vscode.LogOutputChannel): vscode.LogLevel {
  const isOn = vscode.workspace.getConfiguration().get(SETTING, 'off') !== 'off';
  return isOn ? vscode.LogLevel.Trace : log.logLevel;
}
