/**
 * Times in [0, 1) for the examples of a batch, spread evenly: t_i = (offset + i/N) mod 1.
 *
 * With an offset uniform in [0, 1) each t_i is uniform, and the loss of a batch varies far less than
 * with independent times (Kingma et al. 2021, appendix I.1).
 *
 * @param offset One random number for the batch, in [0, 1).
 * @param count N, the number of examples.
 */
export function stratifiedTimes(offset: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => (offset + i / count) % 1);
}
