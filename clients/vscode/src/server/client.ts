/**
 * The language client: a bundle of its own, read when the server is started.
 *
 * What is said beyond LSP is here and nowhere else. Not for finding the server, nor for anything
 * that is shown.
 */

import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import {
  type ClientCapabilities,
  CloseAction,
  CodeActionRequest,
  type ErrorHandler,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  ProgressType,
  State,
  type StaticFeature,
  TransportKind,
} from 'vscode-languageclient/node';
import type { Activity, Explanation, Passage } from '../contract.ts';
import { SECTION } from '../settings.ts';
import { middlewareFor } from './middleware.ts';
import type { ClientOptions, OfferedAction, RunningServer } from './running.ts';
import { tracingInto } from './tracing.ts';

/** How often the client starts a server that ended, within three minutes. */
const MAX_RESTARTS = 4;
/** The server has to end the model's host in order; measured, that takes less than a second. */
const STOP_TIMEOUT_MS = 10_000;

/** Start a server and return it once it has answered. */
export async function connect(options: ClientOptions): Promise<RunningServer> {
  const { launch, folder, happened } = options;
  const tracing = tracingInto(options.log);
  let hasRun = false;
  let policy: ErrorHandler | undefined;
  const byDefault = (): ErrorHandler =>
    (policy ??= client.createDefaultErrorHandler(MAX_RESTARTS));
  const client: LanguageClient = new LanguageClient(
    SECTION,
    'Ducktypist',
    {
      command: launch.program,
      args: [...launch.args],
      transport: TransportKind.stdio,
      // Python imports from the folder in which it is started; never let that be the workspace.
      options: { cwd: folder },
    },
    clientOptions(options, tracing.channel, {
      // One that never answered would not the next time either.
      closed: () => (hasRun ? byDefault().closed() : { action: CloseAction.DoNotRestart }),
      error: (...given) => byDefault().error(...given),
    }),
  );
  client.registerFeature(announced);
  client.onNotification('ducktypist/activity', (news: Activity) => happened.activity(news));
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) {
      hasRun = true;
      happened.running();
    } else if (newState === State.Starting && hasRun) {
      happened.restarting();
    }
  });
  try {
    await client.start();
  } catch (error) {
    tracing.dispose();
    throw error;
  }
  return {
    version: client.initializeResult?.serverInfo?.version,
    command: (name, args, token) => {
      const asked = { command: name, arguments: [...args] };
      return client.sendRequest(ExecuteCommandRequest.type, asked, token);
    },
    explain: async (params, onPassage, token) => {
      const partialResultToken = crypto.randomUUID();
      const listening = client.onProgress(new ProgressType<Passage>(), partialResultToken, onPassage);
      try {
        const asked = { ...params, partialResultToken };
        return await client.sendRequest<Explanation | null>('ducktypist/explain', asked, token);
      } finally {
        listening.dispose();
      }
    },
    actions: async (document, range) => {
      const answer = await client.sendRequest(CodeActionRequest.type, {
        textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
        range: client.code2ProtocolConverter.asRange(range),
        context: { diagnostics: [] },
      });
      return (answer ?? []) as readonly OfferedAction[];
    },
    reconfigure: (settings) => {
      void client.sendNotification('workspace/didChangeConfiguration', {
        settings: { [SECTION]: settings },
      });
    },
    trusted: () => {
      void client.sendNotification('ducktypist/trust', { trusted: true });
    },
    visible: (document, lines) => {
      void client.sendNotification('ducktypist/visible', {
        textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(document),
        range: client.code2ProtocolConverter.asRange(lines),
      });
    },
    stop: async () => {
      tracing.dispose();
      await client.dispose(STOP_TIMEOUT_MS);
    },
  };
}

/**
 * Says that we show what the model is doing, and that we do not resolve code actions.
 *
 * VS Code resolves the row that has the focus as soon as a menu opens, which would start a search
 * that nobody asked for, and it forgets an action's command when the menu closes, before a search
 * is done. Without it the server gives each action a command, which asks us to apply the edit.
 */
const announced: StaticFeature = {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.experimental = { ...capabilities.experimental, [SECTION]: { activity: true } };
    const actions = capabilities.textDocument?.codeAction;
    if (actions !== undefined) {
      delete actions.resolveSupport;
      delete actions.dataSupport;
    }
  },
  initialize: () => undefined,
  getState: () => ({ kind: 'static' }),
  clear: () => undefined,
};

function clientOptions(
  { log, settings, happened }: ClientOptions,
  traceOutputChannel: vscode.LogOutputChannel,
  policy: ErrorHandler,
): LanguageClientOptions {
  return {
    // Any language: the server gives ghost text in all of them. Files only: what has never been
    // saved belongs to no folder, so nothing could be run for it nor looked up beside it.
    documentSelector: [{ scheme: 'file' }],
    outputChannel: log,
    traceOutputChannel,
    initializationOptions: () => ({ ...settings(), trusted: vscode.workspace.isTrusted }),
    // A failed start is told by who started it.
    initializationFailedHandler: () => false,
    errorHandler: {
      error: (...given) => policy.error(...given),
      closed: async () => {
        const result = await policy.closed();
        if (result.action === CloseAction.DoNotRestart) {
          happened.gone();
        }
        return { ...result, handled: true };
      },
    },
    // Prose of a model is text of a stranger: no commands, no HTML.
    markdown: { isTrusted: false, supportHtml: false, supportThemeIcons: false },
    middleware: middlewareFor(happened),
    // An editor opens documents that nobody looks at, to search them for example.
    textSynchronization: { delayOpenNotifications: true },
    stdioOptions: {
      stdout: () => undefined,
      // Each line says its own level; as errors of the client they would all look alarming.
      stderr: (input, channel) => {
        createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
          channel.info(line);
        });
      },
    },
  };
}
