/**
 * A training step with its optimiser as one function of tensors, for engines that keep tensors where
 * they run: AdamW (see host/optimizer.ts), Muon for hidden matrices, clipping, and the moving average
 * of the weights, all on flat tensors that hold every parameter one after the other.
 */
import { mapValues } from "./call.ts";
import type { AdamWConfig } from "./host/mod.ts";
import { sizeOf } from "./graph/value.ts";
import { MOMENTUM, muonStepSize, orthogonalized, stacked } from "./muon.ts";
import { tf } from "./tf.ts";
import type { Arrays, Signature, TensorFunction } from "./types.ts";

/** The tensors that a training keeps, and whose new values each step gives. */
const STATE_NAMES = [
  "parameters",
  "ema",
  "first_moment",
  "second_moment",
  "window",
] as const;

/** What is read at a log, and set to zero: sums of the loss and of the gradient's norm, and steps that
 * were not taken because one of them was not finite. */
export const WINDOW = { loss: 0, gradientNorm: 1, refused: 2 } as const;

/** The numbers of a step that depend on its number, in the order of the input `control`. */
interface UpdateControl {
  readonly learningRate: number;
  readonly muonLearningRate: number;
  /** Steps done before this one, by the optimiser's count. */
  readonly step: number;
  readonly emaDecay: number;
}

export interface UpdateConfig extends
  Pick<
    AdamWConfig,
    "beta1" | "beta2" | "epsilon" | "weightDecay" | "gradientClip" | "treatments"
  > {
  /** Parameters that Muon updates. */
  readonly muon: readonly string[];
}

/** The shapes of {@link STATE_NAMES}. */
export function stateSignature({ length }: FlatLayout): Signature {
  const flat = { shape: [length], dtype: "float32" } as const;
  return {
    parameters: flat,
    ema: flat,
    first_moment: flat,
    second_moment: flat,
    window: { shape: [3], dtype: "float32" },
  };
}

/** The input `control` of a step. */
export const CONTROL_SIGNATURE: Signature = { control: { shape: [5], dtype: "float32" } };

export function controlArrays(
  { beta1, beta2 }: Pick<UpdateConfig, "beta1" | "beta2">,
  { learningRate, muonLearningRate, step, emaDecay }: UpdateControl,
): Arrays {
  return {
    control: Float32Array.of(
      learningRate,
      muonLearningRate,
      1 / (1 - beta1 ** (step + 1)),
      1 / Math.sqrt(1 - beta2 ** (step + 1)),
      1 - emaDecay,
    ),
  };
}

/**
 * A step that takes a batch, `control` and the state, and gives the state's new values.
 *
 * @param step Gives `loss` and `grad/<name>` from a batch and the parameters by name.
 */
export function updateFunction(
  step: TensorFunction,
  layout: FlatLayout,
  config: UpdateConfig,
): TensorFunction {
  return (inputs) => {
    const state = Object.fromEntries(STATE_NAMES.map((name) => [name, inputs[name]!]));
    const { parameters, ema, first_moment, second_moment, window } = state as State;
    const [rate, muonRate, firstCorrection, rootCorrection, emaShare] = tf.split(
      inputs.control!,
      5,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const outputs = step({ ...inputs, ...named(layout, parameters) });
    const gradient = joined(layout, ({ name }) => outputs[`grad/${name}`]!);
    const norm = normOf(gradient);
    const finite = isFinite(tf.add(norm, outputs.loss!));
    const scale = config.gradientClip > 0
      ? tf.minimum(tf.div(config.gradientClip, norm), 1)
      : tf.scalar(1);
    const g = tf.mul(gradient, scale);

    const m = mix(first_moment, g, config.beta1);
    const v = mix(second_moment, tf.mul(g, g), config.beta2);
    const root = tf.add(tf.mul(tf.sqrt(v), rootCorrection), config.epsilon);
    const adam = {
      first_moment: m,
      second_moment: v,
      direction: tf.div(tf.mul(m, firstCorrection), root),
      rate,
    };
    const { rates, decays, isMuon } = perElement(layout, config);
    const update = config.muon.length > 0
      ? muonWhere(isMuon, muonUpdate(layout, config, state as State, g, muonRate), adam)
      : adam;
    const keep = tf.sub(1, tf.mul(update.rate, decays));
    const moved = tf.sub(
      tf.mul(parameters, keep),
      tf.mul(tf.mul(update.rate, rates), update.direction),
    );
    const news = tf.stack([tf.reshape(outputs.loss!, []), norm, tf.scalar(0)]);
    const where = (x: tf.Tensor, y: tf.Tensor) => tf.where(tf.broadcastTo(finite, x.shape), x, y);
    return {
      parameters: where(moved, parameters),
      ema: where(tf.add(ema, tf.mul(emaShare, tf.sub(moved, ema))), ema),
      first_moment: where(update.first_moment, first_moment),
      second_moment: where(update.second_moment, second_moment),
      window: tf.add(window, where(news, tf.tensor1d([0, 0, 1]))),
    };
  };
}

type State = Record<typeof STATE_NAMES[number], tf.Tensor>;

/** New moments, and the direction and learning rate of the step, which are multiplied last. */
type Update = Record<"first_moment" | "second_moment" | "direction" | "rate", tf.Tensor>;

function named({ slots }: FlatLayout, flat: tf.Tensor): Record<string, tf.Tensor> {
  return Object.fromEntries(
    slots.map(({ name, shape, start, size }) => [
      name,
      tf.reshape(tf.slice(flat, start, size), [...shape]),
    ]),
  );
}

/** Tensors by parameter as one flat tensor, with zeros behind them. */
function joined({ slots, length }: FlatLayout, of: (slot: Slot) => tf.Tensor): tf.Tensor {
  const parts = slots.map((slot) => tf.reshape(of(slot), [-1]));
  const last = slots.at(-1)!;
  const rest = length - last.start - last.size;
  return tf.concat(rest > 0 ? [...parts, tf.zeros([rest])] : parts);
}

/** In two sums, so that the first is spread over many workgroups. */
function normOf(flat: tf.Tensor): tf.Tensor {
  return tf.sqrt(tf.sum(tf.sum(tf.square(tf.reshape(flat, [ALIGNMENT, -1])), 1)));
}

/** Of no number that is not finite is the difference with itself 0. */
function isFinite(x: tf.Tensor): tf.Tensor {
  return tf.equal(tf.sub(x, x), 0);
}

function mix(before: tf.Tensor, now: tf.Tensor, share: number): tf.Tensor {
  return tf.add(tf.mul(before, share), tf.mul(now, 1 - share));
}

function muonUpdate(
  layout: FlatLayout,
  { muon }: UpdateConfig,
  { first_moment, second_moment }: State,
  g: tf.Tensor,
  rate: tf.Tensor,
): Update {
  const momentum = mix(first_moment, g, MOMENTUM);
  // One step ahead (Nesterov).
  const ahead = named(layout, mix(momentum, g, MOMENTUM));
  const orthogonal = new Map<string, tf.Tensor>();
  for (const { members, shape } of stacksOf(layout, muon)) {
    const matrices = tf.stack(members.map((name) => tf.reshape(ahead[name]!, [...shape])));
    tf.unstack(orthogonalized(matrices)).forEach((matrix, i) =>
      orthogonal.set(members[i]!, matrix)
    );
  }
  return {
    first_moment: momentum,
    second_moment,
    direction: joined(layout, ({ name, size }) => orthogonal.get(name) ?? tf.zeros([size])),
    rate,
  };
}

/** The parameters that Muon updates, those of one shape together. */
function stacksOf({ slots }: FlatLayout, muon: readonly string[]) {
  return stacked(Object.fromEntries(slots.map((slot) => [slot.name, slot])), muon);
}

function muonWhere(isMuon: tf.Tensor, muon: Update, adam: Update): Update {
  const over = (x: tf.Tensor) => tf.broadcastTo(x, isMuon.shape);
  return mapValues(
    adam,
    (x, name) => tf.where(isMuon, over(muon[name as keyof Update]), over(x)),
  ) as Update;
}

/** For every element, what its learning rate is multiplied with, for its step and for its decay. */
function perElement(layout: FlatLayout, config: UpdateConfig) {
  const zeros = () => new Float32Array(layout.length);
  const [rates, decays, isMuon] = [zeros(), zeros(), zeros()];
  const stackOf = new Map(
    stacksOf(layout, config.muon).flatMap((stack) => stack.members.map((name) => [name, stack])),
  );
  for (const { name, shape, start, size } of layout.slots) {
    const end = start + size;
    const stack = stackOf.get(name);
    if (stack) {
      isMuon.fill(1, start, end);
      rates.fill(muonStepSize(stack.shape), start, end);
      decays.fill(config.weightDecay, start, end);
      continue;
    }
    const treatment = config.treatments?.[name];
    const factor = treatment?.learningRateFactor ?? 1;
    const decay = treatment?.weightDecay ?? (shape.length < 2 ? 0 : config.weightDecay);
    rates.fill(factor, start, end);
    decays.fill(factor * decay, start, end);
  }
  return {
    rates: tf.tensor1d(rates),
    decays: tf.tensor1d(decays),
    isMuon: tf.cast(tf.tensor1d(isMuon), "bool"),
  };
}

/** Flat arrays are padded to a multiple of this, so that sums over them divide into equal parts. */
export const ALIGNMENT = 256;

/** A parameter's place in the flat tensors. */
interface Slot {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly size: number;
}

/** Every parameter's place, and the length of a flat tensor. */
export interface FlatLayout {
  readonly slots: readonly Slot[];
  readonly length: number;
}

export function flatLayout(
  specs: readonly { readonly name: string; readonly shape: readonly number[] }[],
): FlatLayout {
  let end = 0;
  const slots = specs.map(({ name, shape }) => {
    const size = sizeOf(shape);
    const start = end;
    end += size;
    return { name, shape, start, size };
  });
  return { slots, length: ALIGNMENT * Math.ceil(end / ALIGNMENT) };
}

/** Arrays by parameter as one flat array. */
export function flatten(
  { slots, length }: FlatLayout,
  arrayOf: (name: string) => Float32Array,
): Float32Array {
  const flat = new Float32Array(length);
  for (const { name, start } of slots) flat.set(arrayOf(name), start);
  return flat;
}

/** Copies a flat array into arrays by parameter. */
export function unflatten(
  { slots }: FlatLayout,
  flat: Float32Array,
  arrayOf: (name: string) => Float32Array,
): void {
  for (const { name, start, size } of slots) {
    arrayOf(name).set(flat.subarray(start, start + size));
  }
}
