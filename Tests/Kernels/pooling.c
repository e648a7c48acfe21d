// Cases of max and average pooling.
#include "CKernels.h"
#include "support.h"

static void forward(kernel_pooling pooling, const float *x, float *y, bool relu) {
  kernel_max_pool_forward(pooling, x, y, relu);
}

static void backward(kernel_pooling pooling, const float *x, const float *y, const float *dy, float *dx, bool relu) {
  kernel_max_pool_backward(pooling, x, y, dy, dx, relu);
}

static kernel_pooling windows(ptrdiff_t channels, ptrdiff_t side, ptrdiff_t size, ptrdiff_t stride, bool interleaved) {
  const ptrdiff_t out = (side - size) / stride + 1, pixel = padded16(channels);
  kernel_pooling p = {
      .channels = channels, .height = size, .width = size, .stride = stride, .out_height = out, .out_width = out};
  p.overlaps = stride < size;
  p.x_channel_stride = interleaved ? 1 : side * side;
  p.y_channel_stride = interleaved ? 1 : out * out;
  p.x_pixel_stride = p.y_pixel_stride = interleaved ? pixel : 1;
  p.x_row_stride = side * p.x_pixel_stride;
  p.y_row_stride = out * p.y_pixel_stride;
  return p;
}

static void pool_case(kind of_x, ptrdiff_t channels, ptrdiff_t side, ptrdiff_t size, ptrdiff_t stride, bool interleaved,
                      bool relu) {
  hash h = begin_case();
  const kernel_pooling p = windows(channels, side, size, stride, interleaved);
  const ptrdiff_t x_count = side * side * padded16(channels);
  const ptrdiff_t y_count = p.out_height * p.out_width * padded16(channels);
  float *x = inputs(of_x, 21, x_count), *y = outputs(y_count), *dx = inputs(ZERO, 23, x_count);
  // Ties, which the first wins.
  for (ptrdiff_t i = 0; i < x_count; i += 3) x[i] = (float)(int)(x[i] == x[i] && x[i] > 0) * 0.5f;
  const float *dy = inputs(PLAIN, 22, y_count);
  forward(p, x, y, relu);
  backward(p, x, y, dy, dx, relu);
  add_floats(&h, y, y_count);
  add_floats(&h, dx, x_count);
  end_case(h, "max_pool %s %tdx%tdx%td size %td step %td%s%s", kind_names[of_x], channels, side, side, size, stride,
           interleaved ? " interleaved" : "", relu ? " relu" : "");
}

static void average_case(kind of_x, ptrdiff_t channels, ptrdiff_t side, ptrdiff_t size, ptrdiff_t stride,
                         bool interleaved) {
  hash h = begin_case();
  const kernel_pooling p = windows(channels, side, size, stride, interleaved);
  const ptrdiff_t x_count = side * side * padded16(channels);
  const ptrdiff_t y_count = p.out_height * p.out_width * padded16(channels);
  float *y = outputs(y_count), *dx = inputs(ZERO, 23, x_count);
  kernel_average_pool_forward(p, inputs(of_x, 21, x_count), y);
  kernel_average_pool_backward(p, inputs(of_x, 22, y_count), dx);
  add_floats(&h, y, y_count);
  add_floats(&h, dx, x_count);
  end_case(h, "average_pool %s %tdx%tdx%td size %td step %td%s", kind_names[of_x], channels, side, side, size, stride,
           interleaved ? " interleaved" : "");
}

void pooling_cases(void) {
  static const ptrdiff_t shapes[][2] = {{2, 2}, {3, 2}, {3, 3}, {2, 1}, {2, 3}, {1, 1}, {5, 5}};
  for (size_t w = 0; w < sizeof shapes / sizeof *shapes; w++)
    for (kind of_x = PLAIN; of_x <= BROKEN; of_x++)
      for (int i = 0; i < 4; i++) {
        const ptrdiff_t channels = i % 2 ? 16 : 20, side = 5 + (ptrdiff_t)w + i;
        pool_case(of_x, channels, side, shapes[w][0], shapes[w][1], i / 2, (i + w) % 2);
        average_case(of_x, channels, side, shapes[w][0], shapes[w][1], i / 2);
      }
}
