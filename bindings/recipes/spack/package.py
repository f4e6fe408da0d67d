"""The Spack package of the C library, for C, C++ and Fortran."""

from spack_repo.builtin.build_systems.makefile import MakefilePackage

from spack.package import *


class Centra(MakefilePackage):
    """Exact k-means with one answer, bit for bit, whatever the number of threads, the processor and its instruction set."""

    homepage = "https://example.org/centra"
    url = "https://example.org/centra/centra-0.1.0.tar.gz"

    license("MIT OR Apache-2.0", checked_by="name-of-a-maintainer")
    maintainers("name-of-a-maintainer")

    # of the release
    version("0.1.0", sha256="0000000000000000000000000000000000000000000000000000000000000000")

    depends_on("c", type="build")
    depends_on("rust@1.89:", type="build")

    build_targets = ["all"]

    @property
    def install_targets(self):
        return ["install", f"PREFIX={self.prefix}"]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        """The golden file has every bit of the answers."""
        program = join_path(self.stage.path, "golden")
        libraries = ["-lpthread", "-lm", "-ldl"]
        Executable(spack_cc)(
            "-std=c11", "-Iinclude", "-Itests/c", "tests/c/golden.c", f"{self.prefix.lib}/libcentra.a", *libraries, "-o", program
        )
        Executable(program)("tests/data/golden.txt")
