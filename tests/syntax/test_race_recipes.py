from __future__ import annotations

import pytest

from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.syntax.go_scopes import GoFile
from ducktypist.syntax.race.recipes import RacingLine, race_recipes, racing_variables
from ducktypist.syntax.race.result import Recipe
from support.races import RaceTask, race_tasks, task_named


def recipes_of(text: str, *races: list[tuple[int, bool]]) -> dict[str, str]:
    """Return the patched texts by the recipe's name, of each name the first."""
    sides = [[RacingLine(line=line, is_write=write) for line, write in race] for race in races]
    found: dict[str, str] = {}
    for recipe in race_recipes(text, racing_variables(text, sides)):
        found.setdefault(recipe.name, recipe.edit.apply(text))
    return found


def of_task(task: RaceTask) -> list[Recipe]:
    """Return the recipes for one of our races."""
    return list(race_recipes(task.text, task.shared.variables))


@pytest.mark.parametrize("task", race_tasks(), ids=lambda task: task.name)
def test_every_recipe_is_a_whole_edit(task: RaceTask) -> None:
    """An edit names what it replaces, adds no syntax error, and no two are the same."""
    recipes = of_task(task)
    assert recipes
    patched = [recipe.edit.apply(task.text) for recipe in recipes]
    assert len(set(patched)) == len(patched)
    for recipe, text in zip(recipes, patched, strict=True):
        assert recipe.edit.span.of(task.text) == recipe.edit.old_text
        assert not new_syntax_errors(task.text, text, "go")
        assert recipe.what
        assert text.count("go func") + text.count("go ") >= task.text.count("go ")


@pytest.mark.parametrize("task", race_tasks(), ids=lambda task: task.name)
def test_every_recipe_survives_other_line_ends(task: RaceTask) -> None:
    """A file with carriage returns or without a last line break is no reason to fail."""
    for text in (task.text.replace("\n", "\r\n"), task.text.rstrip("\n")):
        for recipe in race_recipes(text, racing_variables(text, task.races)):
            assert recipe.edit.span.of(text) == recipe.edit.old_text


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("counter", {"total", "byPath"}),
        ("structcopy", {"stats"}),
        ("loopvar", {"i", "found"}),
        ("lazyinit", {"settings"}),
        ("mapwrites", {"counts"}),
        ("missingwait", {"partial"}),
    ],
)
def test_what_a_race_is_about(name: str, variables: set[str]) -> None:
    """The variables on both lines, written ones first, and not what merely leads to them."""
    assert {item.name for item in task_named(name).shared.variables} == variables


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("addinside", "add_before_start"),
        ("missingwait", "wait_group"),
        ("earlysignal", "signal_last"),
        ("loopvar", "copy_before_start"),
        ("lazyinit", "once"),
        ("readlock", "write_lock"),
        ("counter", "mutex:wide"),
    ],
)
def test_the_usual_way_comes_first(name: str, first: str) -> None:
    """Each kind of race has its own first answer."""
    assert of_task(task_named(name))[0].name == first


COUNTER = """\
package a

type Counter struct {
	n int
}

func (c *Counter) Up() bool {
	if c.n > 9 {
		return false
	}
	c.n++
	return true
}

func (c Counter) N() int { return c.n }
"""


def test_check_and_act_are_one_region() -> None:
    """The lock is taken before the check and let go when the function returns."""
    text = recipes_of(COUNTER, [(8, False), (11, True)])["mutex:wide"]
    assert 'import "sync"' in text
    assert "\tmu sync.Mutex\n\tn int\n" in text
    assert "\tc.mu.Lock()\n\tdefer c.mu.Unlock()\n\tif c.n > 9 {\n" in text


def test_a_method_on_a_copy_gets_a_pointer() -> None:
    """A lock in a copy guards nothing."""
    text = recipes_of(COUNTER, [(8, False), (11, True)])["mutex:wide"]
    assert "func (c *Counter) N() int { c.mu.Lock(); defer c.mu.Unlock(); return c.n }" in text


def test_numbers_become_atomic() -> None:
    """Where every step is one of the atomic ones, types and uses change together."""
    source = COUNTER.replace("\tif c.n > 9 {\n\t\treturn false\n\t}\n", "")
    text = recipes_of(source, [(8, True), (8, True)])["atomic_type"]
    assert 'import "sync/atomic"' in text
    assert "\tn atomic.Int64\n" in text
    assert "\tc.n.Add(1)\n" in text
    assert "return int(c.n.Load())" in text
    wide = source.replace("n int", "n int64").replace("N() int ", "N() int64 ")
    text = recipes_of(wide, [(8, True), (8, True)])["atomic"]
    assert "atomic.AddInt64(&c.n, 1)" in text
    assert "return atomic.LoadInt64(&c.n)" in text


def test_what_is_computed_from_itself_is_not_atomic() -> None:
    """``x = x * 2`` is two steps."""
    source = COUNTER.replace("c.n++", "c.n = c.n * 2")
    assert "atomic_type" not in recipes_of(source, [(8, False), (11, True)])


def test_the_lock_that_is_there_is_used() -> None:
    """One method forgot the lock; what has it already is left alone."""
    source = """\
package a

import "sync"

type Book struct {
	lock sync.Mutex
	n    int
}

func (b *Book) Up() {
	b.lock.Lock()
	b.n++
	b.lock.Unlock()
}

func (b *Book) N() int {
	return b.n
}
"""
    text = recipes_of(source, [(12, True), (17, False)])["existing_lock:wide"]
    assert text.count("sync.Mutex") == 1
    assert "\tb.lock.Lock()\n\tdefer b.lock.Unlock()\n\treturn b.n\n" in text
    assert text.count("b.lock.Lock()") == 2


def test_who_is_called_with_the_lock_does_not_take_it() -> None:
    """A helper that is only called where the lock is held would wait for itself."""
    task = task_named("limiter")
    first = of_task(task)[0].edit.apply(task.text)
    note = first[first.index("func (l *Limiter) note") : first.index("// Refused")]
    assert "Lock" not in note


def test_no_lock_is_held_while_waiting() -> None:
    """What a loop goes over is copied under the lock, and then used without it."""
    task = task_named("pubsub")
    first = of_task(task)[0].edit.apply(task.text)
    assert "current := slices.Clone(b.subs[topic])" in first
    assert "for _, ch := range current {" in first
    assert '"slices"' in first


def test_exits_let_the_lock_go() -> None:
    """Inside a loop the lock is let go before each way out."""
    source = """\
package a

type Set struct {
	seen map[string]bool
}

func (s *Set) First(names []string) string {
	for _, name := range names {
		if s.seen[name] {
			continue
		}
		s.seen[name] = true
		return name
	}
	return ""
}
"""
    text = recipes_of(source, [(9, False), (12, True)])["mutex:wide"]
    assert "\t\ts.mu.Lock()\n\t\tif s.seen[name] {\n\t\t\ts.mu.Unlock()\n\t\t\tcontinue\n" in text
    assert "\t\ts.mu.Unlock()\n\t\treturn name\n" in text


def test_imports_are_put_in_order() -> None:
    """A new import goes where the alphabet has it, and into the block that is there."""
    source = COUNTER.replace(
        "package a\n",
        'package a\n\nimport (\n\t"fmt"\n\t"time"\n)\n\nvar _ = fmt.Sprint(time.Now())\n',
    )
    text = recipes_of(source, [(15, False), (18, True)])["mutex:wide"]
    assert 'import (\n\t"fmt"\n\t"sync"\n\t"time"\n)\n' in text


def test_no_race_no_recipe() -> None:
    """Lines without a variable, and text that is no Go, give nothing."""
    assert recipes_of(COUNTER, [(1, True), (2, False)]) == {}
    assert recipes_of("", [(1, True)]) == {}
    assert recipes_of("def f(): pass", [(1, True)]) == {}


def test_broken_text_gives_no_exception() -> None:
    """Every beginning of a file can be asked for recipes."""
    task = task_named("cache")
    for end in range(0, len(task.text), 23):
        text = task.text[:end]
        assert GoFile.of(text) is not None
        list(race_recipes(text, racing_variables(text, task.races)))


ELSEWHERE = """\
package a

func (s *Service) Up() {
	s.hits++
	s.log()
}

func (s *Service) N() int {
	return s.hits
}
"""


def test_a_struct_of_another_file() -> None:
    """Without the struct at hand the lock becomes a package variable beside the methods."""
    text = recipes_of(ELSEWHERE, [(4, True), (9, False)])["package_mutex:wide"]
    assert "var serviceMu sync.Mutex\n\nfunc (s *Service) Up() {" in text
    assert text.count("serviceMu.Lock()") == 2


def test_a_lock_of_a_struct_of_another_file() -> None:
    """A lock that other methods take is known by its use."""
    other = (
        "\nfunc (s *Service) Set(n int) {\n\ts.gate.Lock()\n\ts.hits = n\n\ts.gate.Unlock()\n}\n"
    )
    text = recipes_of(ELSEWHERE + other, [(4, True), (9, False)])["existing_lock:wide"]
    assert "\ts.gate.Lock()\n\ts.hits++\n\ts.gate.Unlock()\n" in text
    assert text.count("s.gate.Lock()") == 3
