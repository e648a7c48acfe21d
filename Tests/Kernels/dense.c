// Cases of the dense layer's forward pass and input gradient.
#include <string.h>
#include "CKernels.h"
#include "support.h"

typedef struct {
  ptrdiff_t rows, inputs, outputs;
} shape;

static void forward_case(shape s, kind of_x, kind of_w, bool relu, bool in_parts) {
  hash h = begin_case();
  const ptrdiff_t x_stride = padded16(s.inputs), y_stride = padded16(s.outputs), panels = y_stride / 16;
  float *y = outputs(s.rows * y_stride);
  const kernel_dense layer = {
      .x = {matrix(of_x, 1, s.rows, s.inputs, x_stride), x_stride},
      .weights = panels_of(of_w, 2, s.inputs, s.outputs),
      .inputs = s.inputs,
      .y = {y, y_stride},
      .relu = relu,
  };
  const ptrdiff_t row = in_parts ? s.rows / 3 : 0, panel = in_parts ? panels / 2 : 0;
  const kernel_range rows[] = {{0, row}, {row, s.rows}}, columns[] = {{0, panel}, {panel, panels}};
  for (int r = 0; r < 2; r++)
    for (int c = 0; c < 2; c++)
      if (rows[r].begin < rows[r].end && columns[c].begin < columns[c].end)
        kernel_dense_forward(layer, rows[r], columns[c]);
  add_floats(&h, y, s.rows * y_stride);
  end_case(h, "dense_forward %s*%s %tdx%tdx%td%s%s", kind_names[of_x], kind_names[of_w], s.rows, s.inputs, s.outputs,
           relu ? " relu" : "", in_parts ? " parts" : "");
}

static void input_gradient_case(shape s, kind of_dy, kind of_w) {
  hash h = begin_case();
  const ptrdiff_t rows = padded16(s.rows), outputs_padded = padded16(s.outputs), stride = padded16(s.inputs);
  float *dx = outputs(s.rows * stride);
  const kernel_dense_backward layer = {
      .dy_t = inputs(of_dy, 3, rows * outputs_padded),
      .weights = panels_of(of_w, 4, s.inputs, s.outputs),
      .inputs = s.inputs,
      .outputs = s.outputs,
      .rows = s.rows,
      .dx_t = outputs(rows * s.inputs),
      .dx = {dx, stride},
  };
  const ptrdiff_t cut = s.inputs / 3;
  if (cut > 0) kernel_dense_input_gradient(layer, (kernel_range){0, cut});
  kernel_dense_input_gradient(layer, (kernel_range){cut, s.inputs});
  add_floats(&h, dx, s.rows * stride);
  end_case(h, "dense_input_gradient %s*%s %tdx%tdx%td", kind_names[of_dy], kind_names[of_w], s.rows, s.inputs,
           s.outputs);
}

void dense_cases(void) {
  static const shape shapes[] = {{1, 1, 1},    {2, 3, 17},    {7, 17, 10},   {16, 16, 16},  {13, 31, 33},
                                 {25, 40, 70}, {61, 130, 70}, {64, 784, 96}, {140, 65, 80}, {5, 2100, 64}};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    for (kind of_x = PLAIN; of_x <= BROKEN; of_x++) forward_case(shapes[i], of_x, PLAIN, of_x % 2, i % 2);
    forward_case(shapes[i], PLAIN, WIDE, true, true);
    forward_case(shapes[i], SPARSE, WIDE, true, true);
    forward_case(shapes[i], SPARSE, ZERO, false, true);
    forward_case(shapes[i], PLAIN, TINY, true, false);
    forward_case(shapes[i], PLAIN, BROKEN, true, false);
    forward_case(shapes[i], PLAIN, INFINITE, true, false);
    for (kind of_dy = PLAIN; of_dy <= BROKEN; of_dy++) input_gradient_case(shapes[i], of_dy, PLAIN);
    input_gradient_case(shapes[i], TINY, TINY);
    input_gradient_case(shapes[i], WIDE, WIDE);
    input_gradient_case(shapes[i], SPARSE, INFINITE);
  }
}
