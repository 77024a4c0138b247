.PHONY: help run test e2e lint generate guarantees decisions images bench bench-quick profile

help: ## what there is to type
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

run: ## chat at http://localhost:8080, on this machine alone
	@scripts/run $(ARGS)

test: ## everything that needs no cluster
	@scripts/test

e2e: ## everything on a real Kubernetes: that of KUBECONFIG, or one made here (root on Debian)
	@scripts/e2e

lint: ## format, lints, types, generated files
	@scripts/lint

generate: ## write what is made from code: TypeScript types, CRD, manifests, figures of docs/scaling.md
	@scripts/generate

guarantees: ## write into docs/guarantees.md what the tests measured last
	@scripts/guarantees

decisions: ## write into docs what the operator and a real HPA decided in the last make e2e
	@scripts/decisions

images: ## build the container images with buildah or docker
	@scripts/images

bench: ## measure chat-server and its peers, write docs/performance.md: 20 minutes
	@scripts/bench

bench-quick: ## the same with one short round: 4 minutes
	@scripts/bench --quick

profile: ## tell layer by layer where a delivery's microseconds go, write it into docs/performance.md: 1 minute
	@scripts/profile
