/** Training of a network's heads on pictures of your own. `Trainer.create` is where to begin. */
export { Trainer, labels } from "./trainer.js";
export type { LabelledBox, TrainerOptions } from "./trainer.js";
export type { TrainingStep } from "./wasm/yolov4_train.js";
