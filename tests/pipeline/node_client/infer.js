// A client made from the public protocol by Node's own gRPC: asks a server about MODEL, sends it one UINT8 or FP32 input full of
// VALUE with raw contents, and prints what came back as JSON.
//   node infer.js PROTO ADDRESS MODEL VALUE
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [proto, address, model, value] = process.argv.slice(2);
const definition = loader.loadSync(proto, { keepCase: true, longs: Number, defaults: true });
const Service = grpc.loadPackageDefinition(definition).inference.GRPCInferenceService;
const client = new Service(address, grpc.credentials.createInsecure());

function call(method, request) {
  const deadline = new Date(Date.now() + 30000);
  return new Promise((resolve) => {
    client[method](request, { deadline }, (error, response) => resolve({ code: error ? grpc.status[error.code] : 'OK', details: error ? error.details : '', response }));
  });
}

function contents(tensor) {
  const count = tensor.shape.reduce((product, extent) => product * extent, 1);
  return tensor.datatype === 'FP32' ? Buffer.from(new Float32Array(count).fill(Number(value)).buffer)
    : tensor.datatype === 'INT64' ? Buffer.from(new BigInt64Array(count).fill(BigInt(Math.trunc(Number(value)))).buffer)
    : Buffer.alloc(count, Number(value));
}

(async () => {
  const live = await call('ServerLive', {});
  const ready = await call('ModelReady', { name: model });
  const metadata = (await call('ModelMetadata', { name: model })).response;
  const infer = await call('ModelInfer', {
    model_name: model,
    id: 'from node',
    inputs: metadata.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_input_contents: metadata.inputs.map(contents),
  });
  const wrong = await call('ModelInfer', { model_name: model + 'x' });
  console.log(JSON.stringify({
    live: live.response.live,
    ready: ready.response.ready,
    inputs: metadata.inputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
    code: infer.code,
    id: infer.response && infer.response.id,
    outputs: infer.response && infer.response.outputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
    raw: infer.response && infer.response.raw_output_contents.map((bytes) => bytes.toString('hex')),
    wrong: [wrong.code, wrong.details],
  }));
  client.close();
})();
