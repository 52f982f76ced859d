/** Shape and classes of pictures. */
export interface PictureFacts {
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
  /** What people call the classes, in the order of their numbers. */
  readonly classNames: readonly string[];
}
