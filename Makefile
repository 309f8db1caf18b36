# The short names of things; CMake does the work. See README.md.
PREFIX ?= /usr/local

.PHONY: build deps install test tsan aarch64 faults bench bench-peers bench-peers-train parity roundtrip gradients curves accuracy format check-layers clean
build:
	@tools/build.sh release -DCAIRN_TESTS=OFF

deps:
	@tools/setup.sh build data test

install: build
	DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

test:
	@./test

# What uses threads, under ThreadSanitizer.
tsan: deps
	@tools/build.sh tsan
	@ctest --preset tsan

# Cross-compiled to 64-bit ARM, the kernels and the plan tested under qemu-user. AArch64 libraries are fetched into
# build/sysroot-aarch64.
aarch64: deps
	@tools/setup.sh aarch64
	@tools/sysroot.sh build/sysroot-aarch64
	@tools/build.sh aarch64
	@ctest --preset aarch64

# The fault tests in full length: every system call of a save, a hundred kills.
faults:
	@CAIRN_FAULTS=full ./test -R '^faults'

# Against PyTorch, which comes into build/peers (or is in the environment PEERS_VENV).
bench:
	@bench/bench-lenet

# The networks against OpenVINO, ONNX Runtime, ncnn and PyTorch, likewise; a table in build/bench/peers.md. For some of
# it: NETWORKS="resnet18 vgg16" BATCHES=1 PRECISIONS=fp32 THREADS=2 ROUNDS=7, CAIRN=PATH for a command built elsewhere.
bench-peers:
	@bench/bench-peers

# A training step of the networks against PyTorch, eager or compiled; a table in build/bench/train.md.
bench-peers-train:
	@bench/bench-peers --train --compile

# The networks against golden numbers, a line each; also into parity.json.
GOLDEN ?= tests/data/golden
parity: deps
	@tools/build.sh release -DCAIRN_TESTS=ON
	@build/release/parity $(GOLDEN) parity.json

# Weights to torchvision and timm and back, every network; NETWORKS="resnet18 vgg11" for some.
roundtrip: deps
	@tools/build.sh release -DCAIRN_TESTS=ON
	@$$(tools/peers.sh torch torchvision timm safetensors numpy) tests/peers/roundtrip.py \
		--build build/release $(NETWORKS)

# Gradients of every network with and without fusion and Winograd; NETWORKS="resnet18 vgg11" for some.
gradients: deps
	@tools/build.sh release -DCAIRN_TESTS=ON
	@build/release/gradients $(NETWORKS)

# Learning curves beside PyTorch's, on a folder of class folders: make curves PICTURES=photos NETWORKS="resnet18".
curves: deps
	@tools/build.sh release -DCAIRN_TESTS=ON
	@$$(tools/peers.sh torch torchvision safetensors numpy) tests/peers/curves.py \
		--build build/release --pictures $(PICTURES) $(NETWORKS)

# What a recipe reaches in Cairn and in PyTorch, three seeds each: make accuracy NETWORK=resnet18 DATA=photos
# TRAIN="--recipe torchvision-v1 --epochs 8 --batch 32".
accuracy: build
	@$$(tools/peers.sh torch torchvision numpy) tests/peers/accuracy.py \
		--cairn build/release/cairn $(NETWORK) $(DATA) -- $(TRAIN)

format:
	clang-format -i $$(find include src cli tests examples -name '*.[ch]' -o -name '*.cpp')

check-layers:
	@tools/check-layers

clean:
	rm -rf build
