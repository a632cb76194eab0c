"""What is in a folder of pictures, or in Parquet with a column of them, as Parquet: on as many machines as Ray has.

    pip install yolov4-wgpu 'ray[data]'
    python ray_parquet.py photos found --model yolov4-csp --actors 4 --gpus 1

`ray.init` takes the cluster that $RAY_ADDRESS names; without one it begins one on this machine.
"""

import argparse
import pathlib

import ray

from yolov4.ray import Detect


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a folder of pictures, or of Parquet with a column `image`, `bytes` or `path`")
    parser.add_argument("out", help="the folder that Parquet is written to")
    parser.add_argument("--model", default="yolov4-tiny")
    parser.add_argument("--weights")
    parser.add_argument("--player", default="auto", help="auto, gpu or cpu")
    parser.add_argument("--batch", type=int, default=8, help="pictures that the network plays at once")
    parser.add_argument("--actors", type=int, default=1, help="detectors at work at once")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of each of them, a fraction where several share one")
    args = parser.parse_args()

    source = pathlib.Path(args.source)
    if source.suffix == ".parquet" or any(source.glob("*.parquet")):
        pictures = ray.data.read_parquet(str(source))
    else:
        pictures = ray.data.read_binary_files(str(source), include_paths=True, file_extensions=["jpg", "jpeg", "png", "webp"])
    options = {"model": args.model, "weights": args.weights, "player": args.player, "batch": args.batch}
    found = pictures.map_batches(
        Detect,
        fn_constructor_kwargs=options,
        batch_size=4 * args.batch,
        num_gpus=args.gpus,
        compute=ray.data.ActorPoolStrategy(size=args.actors),
    )
    found.write_parquet(args.out)


if __name__ == "__main__":
    main()
