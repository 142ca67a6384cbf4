# The only entry: every task of this repository by name.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
# The formatter needs Maven itself on JDK 25; elsewhere any Java starts Maven.
JDK25 = $$(./postern --print-jdk)
MVN25 = JAVA_HOME="$(JDK25)" mvn -B -q

.PHONY: help setup format check test it e2e run bench screenshots

help: ## says what there is
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## fetches all that a build needs, and uses this checkout's hooks
	mvn -B -q -DskipTests package
	git config core.hooksPath .githooks

format: ## formats the Java sources
	$(MVN25) spotless:apply

check: ## format, compiler with Error Prone, unit and architecture tests: under two minutes
	$(MVN25) test

test: ## unit tests
	mvn -B -q -Dquick test

it: ## component and product tests too
	mvn -B verify

e2e: ## the console in a real Chromium against the running product
	mvn -B -Dquick verify -Dsurefire.skip -Dit.test='ConsoleE2eIT' -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false

run: ## builds and starts everything
	./postern up

bench: ## our gateway beside its peers, and the engine beside llama.cpp; appends to ops/bench/history.jsonl
	ops/bench/run

screenshots: ## makes the pictures of the README from the running product
	ops/screenshots
