"""Run every chapter as independent papermill jobs into one store, then render the book.

    snakemake --cores 8                                   here
    snakemake --workflow-profile workflow/slurm           on a cluster
    snakemake --config datasets=kato,nichols seeds=0,1 profile=quick chapters=02_two_states

A job leaves its executed notebook and its log in results/runs/; its numbers are in the store, where
rendering finds them. What was killed goes on from the store's last fold when it is started again.

When Snakemake itself was killed, its jobs go on. `snakemake --unlock`, then the same command: what
is still running is submitted once more, takes from the store what the other has finished, and the
last to end moves its notebook into place. Or `scancel` them first.
"""

import json
import os
import sys
from pathlib import Path

os.environ.pop("WORMGNN_PROFILE", None)  # the profile given here counts


def listed(name: str, default: str) -> list[str]:
    return [item for item in str(config.get(name, default)).split(",") if item]


PROFILE = config.get("profile", "paper")
DATASETS = listed("datasets", "kato")
SEEDS = listed("seeds", "0")
ALL = sorted(path.stem for path in Path("book").glob("[0-9]*.ipynb"))
CODE = sorted(str(path) for path in Path("src").rglob("*.py"))  # changed code means new numbers
CHAPTERS = listed("chapters", ",".join(ALL))

# Chapters that are too long for one job: parameters of each of their jobs, as plain JSON. Together
# they cover what a chapter computes when it is rendered, which is all of it. Graph networks that
# infer their edges take most of the time, and have a job of their own.
SHARDS: dict[str, list[dict[str, object]]] = {
    "02_two_states": [
        {"models": ["SVM", "MLP", "MLP, no norm", "GNN (connectome)"]},
        {"models": ["GNN"]},
    ],
    "03_all_states": [
        {"models": ["MLP", "MLP, no norm"]},
        {"models": ["GNN"]},
    ],
    "05_controls": [{"models": ["SVM", "MLP, no norm"]}, {"models": ["GNN"]}],
    "06_another_lab": [{"models": ["SVM", "MLP, no norm"]}, {"models": ["GNN"]}],
    "08_trajectories": [
        {"models": ["Persistence", "Damped persistence", "Constant derivative", "Mean"]},
        {"models": ["Ridge, one frame", "VAR, four frames", "MLP", "Node MLP"]},
        {"models": ["MLP-RNN", "GNN, static edges", "GNN, self edge"]},
        {"models": ["GNN"]},
        {"models": ["GAT"]},
    ],
    "10_without_ava": [
        {"models": ["SVM", "SVM, linear", "MLP", "MLP, no norm", "GNN (connectome)"]},
        {"models": ["GNN"]},
    ],
    "11_one_hot": [
        {"factors": [1]},
        {"factors": [3]},
        {"factors": [10]},
        {"factors": [30]},
        {"factors": [100]},
    ],
    "14_model_zoo": [
        {"models": ["MLP, no norm", "GNN", "GIN-0", "GIN-eps"]},
        {"models": ["GraphSAGE", "Global attention"]},
        {"models": ["GAT"]},
        {"models": ["GNN, sum", "GNN, two steps", "GNN, three steps"]},
        {"models": ["GNN, edges per frame"]},
        {"models": ["GNN, 256 hidden", "MLP, no norm, 256 hidden"]},
        {"models": ["SVM"]},
    ],
    "90_readings": [
        {"readings": ["MLP: whole, no norm", "MLP: whole, norm as written"]},
        {"readings": ["GNN: sum, whole", "GNN: self, whole"]},
    ],
}

RUNS = f"results/runs/{PROFILE}/{{dataset}}"
PAPERMILL = f"{sys.executable} -m papermill --cwd book"
JUPYTER_BOOK = Path(sys.executable).with_name("jupyter-book")


def shards(chapter: str) -> list[dict[str, object]]:
    return SHARDS.get(chapter, [{}])


def notebooks(wildcards) -> list[str]:
    return [
        f"{RUNS.format(dataset=wildcards.dataset)}/seed-{seed}/{chapter}.{shard}.ipynb"
        for seed in SEEDS
        for chapter in CHAPTERS
        for shard in range(len(shards(chapter)))
    ]


wildcard_constraints:
    chapter="[^/.]+",
    dataset="[^/]+",


localrules:
    all,
    render,


rule all:
    input:
        expand(f"{RUNS}/book/_build/html/index.html", dataset=DATASETS),


rule chapter:
    input:
        notebook="book/{chapter}.ipynb",
        code=CODE,
    output:
        f"{RUNS}/seed-{{seed}}/{{chapter}}.{{shard}}.ipynb",
    log:
        f"{RUNS}/seed-{{seed}}/{{chapter}}.{{shard}}.log",
    params:
        shard=lambda wildcards: json.dumps(shards(wildcards.chapter)[int(wildcards.shard)]),
    threads: config.get("threads", 2)
    retries: 1  # two kernels that start at once can race for a port
    resources:
        mem_mb=8000,
        runtime=1440,
    shell:
        # As many folds at once, with one thread each, or a fold with so many threads.
        # Moved into place whole: after Snakemake was killed, two jobs may write one notebook.
        "OMP_NUM_THREADS={threads} WORMGNN_JOBS={threads} {PAPERMILL} --no-progress-bar"
        " {input.notebook:q} {output:q}.$$.ipynb"
        " -p dataset {wildcards.dataset} -p profile {PROFILE} -p seed {wildcards.seed}"
        " -y {params.shard:q} > {log:q} 2>&1 && mv {output:q}.$$.ipynb {output:q}"
        " || {{ rm -f {output:q}.$$.ipynb; exit 1; }}"


# The pages are executed again, with these parameters: every fold is in the store by now.
rule render:
    input:
        notebooks,
    output:
        f"{RUNS}/book/_build/html/index.html",
    log:
        f"{RUNS}/book.log",
    params:
        book=lambda wildcards: f"{RUNS.format(dataset=wildcards.dataset)}/book",
        seed=SEEDS[0],
    shell:
        """
        (
        rm -rf {params.book:q} && mkdir -p {params.book:q}
        cp -RL book/*.md book/*.bib book/images book/_static book/_*.yml {params.book:q}
        ln -sfn "$PWD/results" "$PWD/examples" "$(dirname {params.book:q})"  # pages show files of both
        for chapter in {ALL}; do
            {PAPERMILL} --prepare-only book/$chapter.ipynb {params.book:q}/$chapter.ipynb \
                -p dataset {wildcards.dataset} -p profile {PROFILE} -p seed {params.seed}
        done
        {JUPYTER_BOOK} build {params.book:q} -W -n --keep-going --all
        ) > {log:q} 2>&1
        """
