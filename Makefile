# The few commands of this repository: make demo | mpi-demo | test | python-test | rust-test | cpp-test | test-aarch64 | check-bindings | fuzz | soak | coverage-fuzz | sanitize | coverage | mutants | reproducible | lint | header | reference | drawings | bench | strategies | install | check-packages | check-crate | wheels | check-recipes
#
# Cargo builds the library; this file adds what cargo does not know: C and Fortran programs, and where a system keeps things.

CARGO    ?= cargo
CC       ?= cc
ifeq ($(origin FC),default)
FC       := gfortran
endif
CFLAGS   ?= -O2 -Wall -Wextra
FFLAGS   ?= -O2
# The MPI of `make mpi-demo`
MPICC    ?= mpicc
MPIFC    ?= mpifort
MPIEXEC  ?= mpiexec
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR  ?=
# An interpreter that has the Python peers of `make bench`; without one, an environment for them is made.
PYTHON   ?=
# Words for the program that `make bench` runs, such as --rounds=3, 1000000x2 or --test
BENCH    ?=
# How cargo builds that program
PROFILE  ?= bench
# How long `make fuzz`, `make soak` and `make coverage-fuzz` go on
SECONDS  ?= 3600
SEED     ?=
# Words for the program that `make strategies` runs, such as --rounds=3 or --test
STRATEGIES ?=

TARGET   := $(or $(CARGO_TARGET_DIR),target)
# Cargo's part has a folder of its own: elsewhere `cargo build` and `pip install` write files of the same names.
RELEASE  := $(TARGET)/c/release
BUILT    := $(TARGET)/lib
DEMO     := $(TARGET)/demo
PEERS    := $(TARGET)/bench-venv
PYVENV   := $(TARGET)/python-venv
VERSION  := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# What a program linked with libcentra.a needs besides: `rustc --print native-static-libs`, without -lgcc_s. Compilers add that by
# themselves, and where a program is -static, it does not exist.
SYSTEM_LIBRARIES := -lutil -lrt -lpthread -lm -ldl -lc
ifeq ($(shell uname -s),Darwin)
SYSTEM_LIBRARIES := -lSystem -lc -lm
endif

.PHONY: all demo demo-c demo-fortran mpi-demo test fuzz soak coverage-fuzz sanitize coverage reproducible lint header reference drawings bench bench-python python-test rust-test cpp-test strategies install uninstall tools
# One crate type a call of cargo, because then all of the program is optimised at link time; libcentra.so is linked from libcentra.a.
all: $(BUILT)/libcentra.a

$(BUILT)/libcentra.a: $(RELEASE)/libcentra.a bindings/c/package/finish.sh bindings/c/package/functions.sh
	CC='$(CC)' bindings/c/package/finish.sh $(RELEASE)/libcentra.a $(BUILT) $(VERSION)

.PHONY: cargo
$(RELEASE)/libcentra.a: cargo
	$(CARGO) rustc --release --lib --crate-type staticlib --target-dir $(TARGET)/c

demo: demo-c demo-fortran

demo-c: all
	@mkdir -p $(DEMO)
	$(CC) -std=c11 $(CFLAGS) -Iinclude bindings/c/demo.c $(BUILT)/libcentra.a $(SYSTEM_LIBRARIES) -o $(DEMO)/demo-c
	$(DEMO)/demo-c tests/data/iris.csv

# Without gfortran there is still the C demo; where everything has to run (CI), a missing compiler is an error.
demo-fortran: demo-c
	@if command -v $(FC) >/dev/null; then \
		set -ex; \
		$(FC) $(FFLAGS) -J $(DEMO) bindings/fortran/centra.f90 bindings/fortran/demo.f90 \
			$(BUILT)/libcentra.a $(SYSTEM_LIBRARIES) -o $(DEMO)/demo-fortran; \
		$(DEMO)/demo-fortran tests/data/iris.csv; \
	else \
		echo "$(FC) is missing, so the Fortran demo was left out (Debian: apt-get install gfortran)" >&2; \
		test -z "$$CI"; \
	fi

# The irises as a file of raw doubles, and two ranks that share it; from C and from Fortran.
mpi-demo: all
	@if command -v $(MPICC) >/dev/null && command -v $(MPIFC) >/dev/null; then \
		set -ex; \
		mkdir -p $(DEMO)/mpi; \
		tail -n +2 tests/data/iris.csv | tr , '\n' | perl -ne 'print pack "d", $$_' > $(DEMO)/mpi/iris; \
		$(MPICC) -std=c11 $(CFLAGS) -Iinclude bindings/mpi/kmeans.c $(BUILT)/libcentra.a $(SYSTEM_LIBRARIES) \
			-o $(DEMO)/mpi/kmeans-c; \
		$(MPIFC) $(FFLAGS) -J $(DEMO)/mpi bindings/fortran/centra.f90 bindings/mpi/kmeans.f90 \
			$(BUILT)/libcentra.a $(SYSTEM_LIBRARIES) -o $(DEMO)/mpi/kmeans-fortran; \
		$(MPIEXEC) -n 2 $(DEMO)/mpi/kmeans-c $(DEMO)/mpi/iris 4 3; \
		$(MPIEXEC) -n 2 $(DEMO)/mpi/kmeans-fortran $(DEMO)/mpi/iris 4 3; \
	else \
		echo "$(MPICC) or $(MPIFC) is missing, so the MPI demo was left out (Debian: apt-get install mpich libmpich-dev gfortran)" >&2; \
		test -z "$$CI"; \
	fi

# A package of cargo has no sources of the Python package, and of the tests those in src and in comments.
test: $(if $(wildcard bindings/python/pyproject.toml),python-test) rust-test

rust-test: tools
	$(CARGO) test

# Random calls for so many seconds, from a seed that is the time unless it is given; what fails is made smaller and written to a file.
fuzz:
	FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(or $(SEED),$$(date +%s)000000) \
		$(CARGO) test --test fuzz random_calls -- --nocapture

# The same of many points, against the reference: how many labels were checked, and whether memory grows.
soak:
	MALLOC_ARENA_MAX=1 FUZZ_SECONDS=$(SECONDS) FUZZ_SEED=$(or $(SEED),$$(date +%s)000000) \
		$(CARGO) test --test fuzz soak -- --ignored --nocapture

# Calls of the C ABI with AddressSanitizer, from bytes that libFuzzer makes up; what fails is in target/coverage.
coverage-fuzz: nightly
	@command -v cargo-fuzz >/dev/null || { echo 'cargo-fuzz is missing: cargo install cargo-fuzz' >&2; exit 1; }
	@mkdir -p $(TARGET)/coverage/corpus
	$(CARGO) +nightly fuzz run --fuzz-dir tests/coverage --target-dir $(abspath $(TARGET))/coverage calls $(TARGET)/coverage/corpus -- \
		-max_total_time=$(SECONDS) -max_len=2048 -len_control=20 -timeout=60 -artifact_prefix=$(TARGET)/coverage/

.PHONY: nightly
nightly:
	@$(CARGO) +nightly --version >/dev/null 2>&1 || \
		{ echo 'sanitizers need a nightly toolchain: rustup toolchain install nightly' >&2; exit 1; }

# The library with AddressSanitizer and LeakSanitizer, under the Rust tests that have its arguments and memory as their subject, and under
# the C programs, which have UndefinedBehaviorSanitizer besides; what takes memory or the address space away is left out there.
SANITIZED := --lib --test fuzz --test few_points --test refused --test relocation --test restarts --test stopping --test stream
HOST       = $(shell $(CARGO) +nightly -vV | sed -n 's/^host: //p')
sanitize: nightly
	RUSTFLAGS=-Zsanitizer=address $(CARGO) +nightly test --target $(HOST) --target-dir $(TARGET)/sanitize $(SANITIZED)
	CENTRA_TESTS_VALGRIND=1 ASAN_OPTIONS=allocator_may_return_null=1 RUSTFLAGS=-Zsanitizer=address CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		CXXFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		$(CARGO) +nightly test --target $(HOST) --target-dir $(TARGET)/sanitize --test c_programs -- --skip valgrind --skip around

# Lines of src that tests reach, file by file.
coverage:
	@command -v cargo-llvm-cov >/dev/null || { echo 'cargo-llvm-cov is missing: cargo install cargo-llvm-cov' >&2; exit 1; }
	$(CARGO) llvm-cov --summary-only --ignore-filename-regex '(tests|benches)/'

# Changes of the source that tests have to notice; see tests/mutants. MUTANTS has words such as --sample=600 --seed=1 --jobs=2
.PHONY: mutants
mutants:
	$(CARGO) test --quiet --manifest-path tests/mutants/Cargo.toml
	$(CARGO) run --quiet --manifest-path tests/mutants/Cargo.toml -- $(MUTANTS)

# The Python package, installed from source into an environment of its own, and its tests, examples, types and style.
python-test: tools
	@echo "installing the Python package and what its tests need into $(PYVENV)"; \
	python3 -m venv $(PYVENV) && $(PYVENV)/bin/python -m pip install --quiet --disable-pip-version-check './bindings/python[test]' \
		&& touch $(PYVENV)/made || rm -f $(PYVENV)/made
	@if test -e $(PYVENV)/made; then \
		set -ex; cd bindings/python; venv='$(abspath $(PYVENV))/bin'; \
		$$venv/ruff check --quiet --no-cache .; $$venv/ruff format --quiet --no-cache --check .; \
		$$venv/mypy; \
		$$venv/python -m pytest --quiet -p no:cacheprovider tests README.md --pyargs centra; \
		PATH="$$venv:$$PATH" ../../tests/page.sh ../../docs/from/python.md program.py; \
	else \
		echo "that failed, so the tests of the Python package are left out (Debian: apt-get install python3-venv; Python 3.11 or later)" >&2; \
		test -z "$$CI"; \
	fi

# The languages whose bindings need an installed library: the one that pkg-config finds. Each finds what stands in the golden file.
BINDINGS  := $(abspath $(TARGET))/bindings
GOLDEN    := $(abspath tests/data/golden.txt)
INSTALLED  = header=$$(pkg-config --variable=includedir centra)/centra.h; library=$$(pkg-config --variable=libdir centra)/libcentra.so
LINKED     = $$(pkg-config --cflags --libs centra) -Wl,-rpath,$$(pkg-config --variable=libdir centra)
SIX_POINTS = grep -x 'inertia 2.66667 after 1 iterations'
# Commands that need a tool; without it they are left out, in CI it is an error.
with = @if command -v $(1) >/dev/null; then set -ex; $(3); else \
	echo "$(1) is missing, so the tests that need it were left out (Debian: apt-get install $(2))" >&2; test -z "$$CI"; fi

.PHONY: check-bindings check-c check-cpp check-fortran check-r check-luajit check-node check-octave
check-bindings: check-c check-cpp check-fortran check-r check-luajit check-node check-octave

check-c:
	@mkdir -p $(BINDINGS)
	$(CC) -std=c11 $(CFLAGS) tests/c/golden.c $(LINKED) -o $(BINDINGS)/golden
	$(BINDINGS)/golden $(GOLDEN)
	@# 2^31 + 5 points, which take Linux, and minutes where all checks of the source are on.
	if test "$$(uname -s)" = Linux; then set -e; \
		$(CC) -std=c11 $(CFLAGS) tests/c/huge.c $(LINKED) -o $(BINDINGS)/huge; $(BINDINGS)/huge; \
	fi
	tests/page.sh docs/from/c.md program.c

check-cpp:
	$(call with,c++,g++,tests/page.sh docs/from/cpp.md program.cpp)

check-fortran:
	$(call with,gfortran,gfortran,tests/page.sh docs/from/fortran.md program.f90)

# The package as CRAN would check it, but for the manual, which takes LaTeX; its tests, README and a demo. A warning is an error.
check-r:
	$(call with,R,r-base-core r-cran-tinytest, \
		mkdir -p $(BINDINGS)/r; cd $(BINDINGS)/r; \
		R CMD build --no-build-vignettes $(CURDIR)/bindings/r; \
		CENTRA_GOLDEN=$(GOLDEN) _R_CHECK_FORCE_SUGGESTS_=$(if $(CI),true,false) R CMD check --no-manual centra_$(VERSION).tar.gz; \
		if grep -w WARNING centra.Rcheck/00check.log; then exit 1; fi; \
		$(CURDIR)/tests/block.sh $(CURDIR)/bindings/r/README.md r > readme.R; \
		export R_LIBS=$(BINDINGS)/r/centra.Rcheck; Rscript readme.R; Rscript $(CURDIR)/bindings/r/demo/flowers.R; \
		$(CURDIR)/tests/page.sh $(CURDIR)/docs/from/r.md program.R)

check-luajit:
	$(call with,luajit,luajit, \
		$(INSTALLED); cd bindings/luajit; luajit example.lua $$header $$library | $(SIX_POINTS); luajit test.lua $$header $$library $(GOLDEN))

check-node:
	$(call with,npm,nodejs npm, \
		mkdir -p $(BINDINGS)/node; cp bindings/node/package.json $(BINDINGS)/node; \
		npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(BINDINGS)/node; \
		$(INSTALLED); cd bindings/node; export NODE_PATH=$(BINDINGS)/node/node_modules; \
		node example.js $$header $$library | $(SIX_POINTS); node test.js $$header $$library $(GOLDEN))

check-octave:
	$(call with,mkoctfile,octave octave-dev, \
		mkdir -p $(BINDINGS)/octave; \
		mkoctfile --mex -Wall -Wextra $(LINKED) bindings/octave/centra_kmeans.c -o $(BINDINGS)/octave/centra_kmeans.mex; \
		cd bindings/octave; octave="octave-cli -q --no-history -p $(BINDINGS)/octave"; \
		$$octave centra_example.m | $(SIX_POINTS); $$octave centra_test.m $(GOLDEN))

# The library on AArch64, in an emulator: its answers have the bits of this machine's.
.PHONY: test-aarch64
test-aarch64: all
	@if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64-static >/dev/null; then \
		tests/aarch64.sh $(TARGET)/aarch64 $(BUILT)/libcentra.a $(SYSTEM_LIBRARIES); \
	else \
		echo "aarch64-linux-gnu-gcc or qemu-aarch64-static is missing, so the tests on AArch64 are left out" \
			"(Debian: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)" >&2; \
		test -z "$$CI"; \
	fi

# centra.hpp: every call against C, what is thrown, matrices of Eigen, with AddressSanitizer and UndefinedBehaviorSanitizer; and the
# example, which prints what its README says.
CPP_TEST := $(TARGET)/cpp-test
CPPFLAGS_TEST := -g1 -Wall -Wextra -Wpedantic -Wshadow -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-Iinclude -Ibindings/cpp -isystem /usr/include/eigen3
cpp-test: all
	@mkdir -p $(CPP_TEST)
	@for way in 'g++ -std=c++17' 'clang++ -std=c++20'; do \
		if ! command -v $${way% *} >/dev/null; then \
			echo "$${way% *} is missing: the C++ tests leave it out (Debian: apt-get install g++ clang libclang-rt-dev)" >&2; \
			test -z "$$CI" || exit 1; continue; \
		fi; \
		for source in tests/cpp/*.cpp bindings/cpp/example/example.cpp; do \
			if test $$source = tests/cpp/eigen.cpp && ! test -e /usr/include/eigen3; then \
				echo "Eigen is missing: its test is left out (Debian: apt-get install libeigen3-dev)" >&2; \
				test -z "$$CI" || exit 1; continue; \
			fi; \
			program=$(CPP_TEST)/$$(basename $$source .cpp)-$${way%+ *}; \
			(set -ex; $$way $(CPPFLAGS_TEST) $$source $(BUILT)/libcentra.a $(SYSTEM_LIBRARIES) -o $$program; \
				$$program > $$program.out; cat $$program.out) || exit 1; \
		done; \
		tests/block.sh bindings/cpp/README.md text | diff - $$program.out || exit 1; \
	done

# Says which tests will be left out for want of a tool; in CI none may be.
tools:
	@missing=; \
	for tool in g++:g++ gfortran:gfortran valgrind:valgrind 'mpicc:mpich libmpich-dev' 'fpm:python3-venv, then pip install fpm'; do \
		command -v $${tool%%:*} >/dev/null && continue; \
		echo "$${tool%%:*} is missing: the tests that need it will be left out (Debian: apt-get install $${tool#*:})" >&2; \
		missing=1; \
	done; \
	test -z "$$missing" || test -z "$$CI"

# Two builds from nothing, in two places, and the same bytes; what cargo and rustc make of one source is a function of it.
reproducible:
	@set -e; for turn in one two; do \
		rm -rf $(TARGET)/reproducible/$$turn; \
		$(MAKE) --no-print-directory all TARGET=$(TARGET)/reproducible/$$turn; \
	done; \
	cd $(TARGET)/reproducible; sha256sum one/lib/libcentra.so two/lib/libcentra.so one/lib/libcentra.a two/lib/libcentra.a; \
	cmp one/lib/libcentra.so two/lib/libcentra.so && cmp one/lib/libcentra.a two/lib/libcentra.a

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

# include/centra.h anew from src/capi; `make test` fails while they differ.
header:
	CENTRA_WRITE_HEADER=1 $(CARGO) test --quiet --test header is_up_to_date

# The C API as HTML and as manual pages, from the comments of include/centra.h, into target/reference; names and links that lead nowhere, and
# roff that is none, are errors.
REFERENCE := $(TARGET)/reference
reference:
	@if command -v doxygen >/dev/null && command -v groff >/dev/null; then \
		set -e; rm -rf $(REFERENCE); mkdir -p $(REFERENCE)/man; \
		{ cat docs/reference/Doxyfile; echo 'PROJECT_NUMBER = $(VERSION)'; echo 'OUTPUT_DIRECTORY = $(REFERENCE)'; } | doxygen -; \
		python3 -B docs/reference/man.py $(REFERENCE)/xml $(REFERENCE)/man/man3 $(VERSION); \
		rm -r $(REFERENCE)/xml; \
		python3 -B docs/reference/links.py $(REFERENCE)/html $(REFERENCE)/man/man3; \
		warnings=$$(groff -man -ww -z $(REFERENCE)/man/man3/*.3 2>&1); test -z "$$warnings" || { echo "$$warnings"; exit 1; }; \
		echo "read $(REFERENCE)/html/index.html, or: man -M $(REFERENCE)/man centra"; \
	else \
		echo "doxygen or groff is missing, so there is no reference (Debian: apt-get install doxygen groff-base)" >&2; \
		test -z "$$CI"; \
	fi

# The drawings of docs/how-it-works.md anew from their script; `make test` fails while they differ.
drawings:
	python3 -B docs/drawings/draw.py

# centra beside native baselines and Python libraries, into benches/results; `cargo bench --bench kmeans` is for developers. What is
# measured is the shared library as it ships; with another profile, which measures nothing, what cargo makes beside the program.
SHIPPED := $(filter bench,$(PROFILE))
bench: $(if $(PYTHON),,bench-python) $(if $(SHIPPED),all)
	CENTRA_LIBRARY=$(if $(SHIPPED),$(abspath $(BUILT))) PYTHON=$(or $(PYTHON),$$(test -e $(PEERS)/made && echo $(PEERS)/bin/python || echo python3)) \
		$(CARGO) bench --profile $(PROFILE) --bench peers -- $(BENCH)

# The Python peers in an environment of their own. Without them the native ones still run; in CI none may be missing.
bench-python:
	@requirements=benches/peers/requirements.txt; \
	cmp -s $$requirements $(PEERS)/made && exit; \
	echo "installing the Python peers of the benchmark into $(PEERS)"; \
	python3 -m venv $(PEERS) && $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $$requirements \
		&& cp $$requirements $(PEERS)/made && exit; \
	rm -f $(PEERS)/made; \
	echo "that failed, so the benchmark runs without what is missing (Debian: apt-get install python3-venv; Python 3.11 or later)" >&2; \
	test -z "$$CI"

# Seven ways to do k-means from Python beside centra's Python package, into benches/results.
strategies:
	@echo "installing the Python package and the strategies into $(TARGET)/strategies-venv"
	@python3 -m venv $(TARGET)/strategies-venv
	@$(TARGET)/strategies-venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benches/strategies/requirements.txt ./bindings/python
	$(TARGET)/strategies-venv/bin/python -B benches/strategies/main.py $(STRATEGIES) \
		--out $(if $(findstring --test,$(STRATEGIES)),$(TARGET)/strategies,benches/results)

# Copies what `make` has built, so that root needs no Rust; what is missing is built.
INSTALL = PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' INCLUDEDIR='$(INCLUDEDIR)' DESTDIR='$(DESTDIR)' bindings/c/package/install.sh
MANUAL ?= $(TARGET)/reference/man/man3
install:
	@test -e $(BUILT)/libcentra.a || { echo 'the library is not built yet: make'; $(MAKE) all; }
	@$(INSTALL) install $(BUILT) $(VERSION) $(MANUAL) '$(SYSTEM_LIBRARIES)'

uninstall:
	@$(INSTALL) uninstall $(BUILT) $(VERSION) $(MANUAL) '$(SYSTEM_LIBRARIES)'

# The installed library outside the tree, as programs find it: pkg-config, CMake, Fortran, and its ABI.
.PHONY: check-packages abi
check-packages: all
	CC='$(CC)' FC='$(FC)' MAKE='$(MAKE)' tests/packages/check.sh

# The package for crates.io, unpacked: a program that depends on it, the oldest Rust, the demo.
.PHONY: check-crate
check-crate:
	tests/packages/crate.sh

# The Python wheels and the source distribution into target/wheels, and tests of each: WHEEL_PYTHONS has the interpreters, or those on the PATH.
WHEELS := $(TARGET)/wheels
WHEEL_PYTHONS ?=
.PHONY: wheels check-wheels check-recipes
wheels:
	bindings/python/wheels.sh $(WHEELS)
	@$(MAKE) --no-print-directory check-wheels

check-wheels:
	tests/packages/wheels.sh $(WHEELS) $(WHEEL_PYTHONS)

# The recipes for conda-forge, vcpkg, Spack and Debian: what each builds, and a program with it.
check-recipes:
	tests/packages/recipes.sh $(TARGET)/recipes

# The record of the ABI anew; check-packages fails while the library differs from it.
abi: all
	python3 -B tests/packages/abi.py include/centra.h $(BUILT) --write
