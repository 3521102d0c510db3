"""Which files no patch may touch: tests, what configures them, builds, locks, what is not ours.

Judged by name alone, for all languages at once: a file that is protected for no reason costs a fix,
one that is not protected costs the verdict.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath

_NAMES = frozenset(
    {
        # Python
        "conftest.py",
        "setup.py",
        "noxfile.py",
        "sitecustomize.py",
        "usercustomize.py",
        "pipfile",
        "pipfile.lock",
        "tests.py",
        "test.py",
        # Go
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        # JavaScript and TypeScript
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml",
        "bun.lockb",
        "deno.json",
        "deno.jsonc",
        "karma.conf.js",
        "gulpfile.js",
        "gruntfile.js",
        # Others
        "gemfile",
        "rakefile",
        "composer.json",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "settings.gradle",
        "settings.gradle.kts",
        "gradle.properties",
        "gradlew",
        "mix.exs",
        "packages.lock.json",
        "gradle.lockfile",
        "package.resolved",
        "cmakelists.txt",
        "meson.build",
        "build.bazel",
        "build",
        "workspace",
        "module.bazel",
        "makefile",
        "gnumakefile",
        "justfile",
        "procfile",
        "vagrantfile",
        "jenkinsfile",
        "codeowners",
    }
)
_SUFFIXES = frozenset(
    {
        ".toml",
        ".ini",
        ".cfg",
        ".lock",
        ".yml",
        ".yaml",
        ".pth",
        ".envrc",
        ".env",
        ".snap",
        ".mk",
        ".bazel",
        ".bzl",
        ".csproj",
        ".sln",
    }
)
_FOLDERS = frozenset(
    {
        "test",
        "tests",
        "testing",
        "testdata",
        "fixtures",
        "e2e",
        "__tests__",
        "__mocks__",
        "__snapshots__",
        "__fixtures__",
        "vendor",
        "node_modules",
        "site-packages",
        "venv",
    }
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"test_.*",
        r".*_tests?(\.\w+)?",
        r".*[._-](test|spec|e2e)\.[cm]?[jt]sx?",
        r".*_spec\.rb",
        r"(jest|vitest|vite|babel|webpack|rollup|playwright|cypress|wdio)\.(config|setup).*",
        r"(eslint|prettier|ava|tsup|vitest)\.(config|workspace).*",
        r"(setup-?tests?|test-?setup|setupfiles?)\.[cm]?[jt]sx?",
        r"(ts|js)config.*\.json",
        r"(requirements|constraints).*\.(txt|in)",
        r"(docker|container)file.*",
        r".*\.dockerfile",
        r".*-lock\.json",
    )
)
_SPEC_FOLDERS = frozenset({"spec", "specs"})
_SPEC_SUFFIXES = frozenset({".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".rb"})


def is_protected(path: Path, root: Path) -> bool:
    """Tell whether no patch may touch a file: tests, test and build settings, hidden folders.

    Anything that is not below ``root`` is protected, too; a link counts as what it is called and
    as what it leads to.
    """
    whole = path if path.is_absolute() else root / path
    try:
        real = whole.resolve().relative_to(root.resolve())
    except (ValueError, OSError):
        return True
    named = path
    if path.is_absolute():
        named = path.relative_to(root) if path.is_relative_to(root) else real
    return _is_protected(real) or _is_protected(named)


def _is_protected(relative: PurePath) -> bool:
    # Some file systems do not know small letters from capitals.
    parts = tuple(part.lower() for part in PurePath(relative).parts)
    if not parts or ".." in parts or any(part.startswith(".") for part in parts):
        return True
    name, folders = parts[-1], frozenset(parts[:-1])
    suffix = PurePath(name).suffix
    return (
        name in _NAMES
        or suffix in _SUFFIXES
        or bool(folders & _FOLDERS)
        or (suffix in _SPEC_SUFFIXES and bool(folders & _SPEC_FOLDERS))
        or any(folder.endswith(".egg-info") for folder in folders)
        or any(pattern.fullmatch(name) for pattern in _PATTERNS)
    )
