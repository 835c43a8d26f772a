import SerializerSelector from "@fastify/fast-json-stringify-compiler";

/**
 * Compiles what turns an answer into JSON when the route has its first answer, in place of at the start: most routes never have one, and all of
 * them together take a quarter of a second.
 */
export const lateSerializers: SerializerSelector.SerializerFactory = (schemas, options) => {
  const compile = SerializerSelector()(schemas, options);
  return (route) => {
    let serialize: SerializerSelector.Serializer | null = null;
    return (answer) => (serialize ??= compile(route))(answer);
  };
};
