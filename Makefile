# A few targets over Meson and Ninja. `make study` and `make test` set everything up by themselves (tools/setup).

BUILD := build

.PHONY: build study serve test bench bench-peers clean format help
.DEFAULT_GOAL := build

build: ## the program, build/tenfold, and the library
	@tools/setup build
	@test -e $(BUILD)/build.ninja || meson setup $(BUILD) >/dev/null
	@ninja -C $(BUILD) --quiet

study: build ## the whole study on MNIST, ending with the report
	@$(BUILD)/tenfold fetch mnist
	@$(BUILD)/tenfold study
	@echo "Open study/report.html in a browser; \`make study\` again does nothing twice."

serve: build ## the page on http://127.0.0.1:8000, trained on MNIST as far as it is not yet
	@$(BUILD)/tenfold fetch mnist
	@$(BUILD)/tenfold serve

test: ## all tests: gcc, clang, sanitizers, command line, browser
	@tools/setup test
	@tools/test

bench: build ## our speed on this machine: its peaks, the kernels beside them, the models
	@$(BUILD)/tenfold fetch mnist
	@$(BUILD)/tenfold bench peaks kernels models

bench-peers: build ## the same work in scikit-learn, FAISS, XGBoost, PyTorch and ONNX Runtime, side by side; takes an hour
	@tools/setup peers
	@$(BUILD)/tenfold fetch mnist
	@bench/peers/peers.py

format: ## puts all C files into the tree's format
	@clang-format -i include/*.h src/*/*.[ch] tests/*.[ch] tests/*/*.c

clean: ## removes what was built; data and studies stay
	@rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile
