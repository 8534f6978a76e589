# The verbs of the project. `make help` lists them; docs/HACKING.md says more.
.DEFAULT_GOAL := help
.PHONY: help setup build run test soak lint bench install package clean
PREFIX ?= /usr/local

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

setup:  ## install what is missing (Debian packages, SQLite's amalgamation)
	@tools/setup

build: setup  ## build everything, optimised, in build/release
	@tools/build release

run: setup  ## build the command and take the tour
	@tools/build release strata
	@build/release/bin/strata tour

test: setup  ## build and run all tests
	@tools/test release

soak: setup  ## the same tests at their full volumes
	@STRATA_SOAK=1 TEST_SECONDS_MAX=7200 tools/test release

lint:  ## formatting, clang-tidy, the order of the house
	@tools/setup --lint
	@tools/lint

bench:  ## build the benchmarks and run them beside their rivals
	@tools/setup --rivals
	@tools/build release
	@bench/run

install: build  ## install under PREFIX (and DESTDIR)
	@cmake --install build/release --prefix "$(PREFIX)"

package: build  ## build/release/packages: a tar file and Debian packages
	@cd build/release && cpack --config CPackConfig.cmake

clean:  ## remove all builds
	@rm -rf build
