/**
 * The tree of the Test Explorer: files, what the server knows to be in them, and what a run found
 * besides. It reads and runs nothing itself.
 */

import * as vscode from 'vscode';
import type { KnownTest, Range, TestState } from '../contract.ts';
import { isFileOf, named } from './naming.ts';

export class TestItems {
  readonly #controller: vscode.TestController;
  /** By file's URI: a test's node id is unique within it. */
  readonly #byFile = new Map<string, Map<string, vscode.TestItem>>();

  constructor(controller: vscode.TestController) {
    this.#controller = controller;
  }

  get files(): readonly vscode.TestItem[] {
    return [...this.#byFile.keys()]
      .map((key) => this.#controller.items.get(key))
      .filter((item) => item !== undefined);
  }

  file(uri: vscode.Uri): vscode.TestItem {
    const key = uri.toString();
    const known = this.#controller.items.get(key);
    if (known !== undefined) {
      return known;
    }
    const item = this.#controller.createTestItem(key, vscode.workspace.asRelativePath(uri), uri);
    item.canResolveChildren = true;
    this.#controller.items.add(item);
    this.#byFile.set(key, new Map());
    return item;
  }

  forget(uri: vscode.Uri): void {
    this.#controller.items.delete(uri.toString());
    this.#byFile.delete(uri.toString());
  }

  clear(): void {
    this.#controller.items.replace([]);
    this.#byFile.clear();
  }

  /**
   * Take what the server says is in a file; what it does not name any more goes.
   *
   * Returns how the tests stand that have no cases: those with cases stand as their cases do.
   */
  fill(file: vscode.TestItem, tests: readonly KnownTest[]): ReadonlyMap<vscode.TestItem, TestState> {
    const kept = new Set<string>();
    const states = new Map<vscode.TestItem, TestState>();
    for (const test of tests) {
      const item = this.#ensure(file, test.nodeid);
      if (item !== file) {
        item.range = vscodeRange(test.range);
        if (item.children.size === 0) {
          states.set(item, test.state);
        }
        for (let one: vscode.TestItem | undefined = item; one !== undefined; one = one.parent) {
          kept.add(one.id);
        }
      }
    }
    const items = this.#byFile.get(file.id);
    for (const [id, item] of items ?? []) {
      // Cases are found by running, and stay as long as their test does.
      if (!kept.has(id) && !kept.has(item.parent?.id ?? '')) {
        item.parent?.children.delete(id);
        items?.delete(id);
      }
    }
    return states;
  }

  /** Return a test's item, made where it is not there yet; a file's for what names a file only. */
  of(nodeid: string, folder: vscode.Uri): vscode.TestItem {
    const { file } = named(nodeid);
    const known = this.files.find(
      (one) => one.uri !== undefined && isWithin(one.uri, folder) && isFileOf(one.uri.path, file),
    );
    return this.#ensure(known ?? this.file(vscode.Uri.joinPath(folder, file)), nodeid);
  }

  #ensure(file: vscode.TestItem, nodeid: string): vscode.TestItem {
    let parent = file;
    for (const { id, label } of named(nodeid).steps) {
      let item = parent.children.get(id);
      if (item === undefined) {
        item = this.#controller.createTestItem(id, label, file.uri);
        const { range } = parent;
        if (range !== undefined) {
          item.range = range;
        }
        parent.children.add(item);
        this.#byFile.get(file.id)?.set(id, item);
      }
      parent = item;
    }
    return parent;
  }
}

/** Return an item and all below it. */
export function subtree(item: vscode.TestItem): readonly vscode.TestItem[] {
  const found = [item];
  item.children.forEach((child) => found.push(...subtree(child)));
  return found;
}

export function isWithin(uri: vscode.Uri, folder: vscode.Uri): boolean {
  const base = folder.path.endsWith('/') ? folder.path : `${folder.path}/`;
  return uri.scheme === folder.scheme && (uri.path === folder.path || uri.path.startsWith(base));
}

export function vscodeRange({ start, end }: Range): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
