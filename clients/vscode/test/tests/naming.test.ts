import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFileOf, isTestFile, named } from '../../src/tests/naming.ts';

const ids = (nodeid: string) => named(nodeid).steps.map((step) => step.id);
const labels = (nodeid: string) => named(nodeid).steps.map((step) => step.label);

describe('a node id', () => {
  it('of a function has one step', () => {
    assert.deepEqual(named('tests/test_sums.py::test_adds'), {
      file: 'tests/test_sums.py',
      steps: [{ id: 'tests/test_sums.py::test_adds', label: 'test_adds' }],
    });
  });

  it('of a method goes by its classes, each with an id that can be run', () => {
    assert.deepEqual(ids('t.py::A::B::test_x'), ['t.py::A', 't.py::A::B', 't.py::A::B::test_x']);
  });

  it('of a case goes by its test', () => {
    assert.deepEqual(ids('t.py::test_x[1-2]'), ['t.py::test_x', 't.py::test_x[1-2]']);
    assert.deepEqual(labels('t.py::test_x[1-2]'), ['test_x', '[1-2]']);
  });

  it('of a case keeps whatever the case is named', () => {
    assert.deepEqual(labels('t.py::A::test_x[a::b/c[0]]'), ['A', 'test_x', '[a::b/c[0]]']);
  });

  it("of Go's subtests goes by its test", () => {
    assert.deepEqual(labels('sums/sums_test.go::TestAdds/zero/one'), ['TestAdds', 'zero/one']);
  });

  it('that names a file only has no steps', () => {
    assert.deepEqual(named('tests/test_broken.py'), { file: 'tests/test_broken.py', steps: [] });
  });
});

describe('a file', () => {
  it('may hold tests by its name', () => {
    for (const path of ['/w/test_a.py', 'a_test.py', 'C:\\w\\a_test.go', '/w/tests/test_.py']) {
      assert.ok(isTestFile(path), path);
    }
    for (const path of ['/w/conftest.py', '/w/latest.py', '/w/test_a.pyc', '/w/test_a/b.py', '/w/a.go']) {
      assert.ok(!isTestFile(path), path);
    }
  });

  it('is the one that an id names by whole parts of its path', () => {
    assert.ok(isFileOf('/w/tests/test_a.py', 'tests/test_a.py'));
    assert.ok(isFileOf('C:\\w\\tests\\test_a.py', 'tests/test_a.py'));
    assert.ok(!isFileOf('/w/mytests/test_a.py', 'tests/test_a.py'));
  });
});
