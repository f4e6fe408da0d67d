"""spack.py PACKAGE SOURCE PREFIX: builds and installs by the words that a recipe of Spack has for make, without Spack.

In place of Spack's modules are ones that know the names that the recipe uses, so that a misspelt one fails.
"""

import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

file, source, prefix = sys.argv[1], sys.argv[2], sys.argv[3]
declared = []


class Prefix(str):
    lib = property(lambda self: f"{self}/lib")


class MakefilePackage:
    prefix = Prefix(prefix)
    stage = types.SimpleNamespace(path=prefix)


def directive(name):
    return lambda *words, **named: declared.append((name, words, named))


def executable(program):
    return lambda *words: subprocess.run([program, *words], cwd=source, check=True)


package = types.ModuleType("spack.package")
for name in ("license", "maintainers", "version", "depends_on"):
    setattr(package, name, directive(name))
package.run_after = package.on_package_attributes = lambda *words, **named: lambda method: method
package.join_path, package.Executable, package.spack_cc = os.path.join, executable, os.environ.get("CC", "cc")
makefile = types.ModuleType("makefile")
makefile.MakefilePackage = MakefilePackage
parents = ("spack", "spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems")
sys.modules.update({name: types.ModuleType(name) for name in parents})
sys.modules.update({"spack.package": package, "spack_repo.builtin.build_systems.makefile": makefile})

spec = importlib.util.spec_from_file_location("recipe", file)
recipe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recipe)
centra = recipe.Centra()
assert [words for name, words, _ in declared if name == "version"], declared
Path(prefix).mkdir(parents=True)
for targets in (centra.build_targets, centra.install_targets):
    executable(os.environ.get("MAKE", "make"))(*targets)
centra.check_install()
