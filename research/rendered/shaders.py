"""GLSL: one lamp with shadows, light from everywhere, a texture array; depth and owner in the same pass."""

SHADOW_VERTEX = """#version 330
in vec3 at; uniform mat4 view;
void main() { gl_Position = view * vec4(at, 1.0); }
"""
SHADOW_FRAGMENT = """#version 330
void main() {}
"""

LIT_VERTEX = """#version 330
in vec3 at; in vec3 normal; in vec2 uv; in float layer; in vec3 look;
uniform mat4 view; uniform vec4 forward;
out vec3 place; out vec3 up; out vec2 where; flat out float sheet; out vec2 surface; out float depth;
flat out float who;
void main() {
  gl_Position = view * vec4(at, 1.0);
  place = at; up = normal; where = uv; sheet = layer; surface = look.xy;
  depth = dot(forward, vec4(at, 1.0)); who = look.z;
}
"""
LIT_FRAGMENT = """#version 330
in vec3 place; in vec3 up; in vec2 where; flat in float sheet; in vec2 surface; in float depth;
flat in float who;
uniform sampler2DArray textures; uniform sampler2DShadow shadows;
uniform vec3 lamp; uniform vec3 lamp_colour; uniform vec3 around; uniform vec3 eye; uniform float shaded;
uniform mat4 lamp_view;
layout(location = 0) out vec4 colour; layout(location = 1) out vec2 label;
void main() {
  vec3 paint = pow(texture(textures, vec3(where, sheet)).rgb, vec3(2.2));
  vec3 towards = normalize(eye - place);
  vec3 n = normalize(up); if (dot(n, towards) < 0.0) n = -n;
  vec3 ray = lamp - place; float far = length(ray); ray /= far;
  float lit = 1.0;
  vec4 from_lamp = lamp_view * vec4(place + n * 0.03 + ray * 0.02, 1.0);  // off the surface, or it shades itself
  vec3 q = from_lamp.xyz / from_lamp.w * 0.5 + 0.5;
  if (shaded > 0.5 && from_lamp.w > 0.0 && all(greaterThan(q, vec3(0.0))) && all(lessThan(q, vec3(1.0)))) {
    lit = 0.0;
    for (int i = 0; i < 4; i++)
      lit += 0.25 * texture(shadows, vec3(q.xy + vec2(i & 1, i >> 1) * 0.003 - 0.0015, q.z - 0.0006));
  }
  float shine = pow(max(dot(n, normalize(ray + towards)), 0.0), 30.0) * surface.x * lit;
  vec3 lamp_light = lamp_colour / (0.4 + 0.15 * far * far);
  vec3 light = around * (0.65 + 0.35 * n.z) + lamp_light * max(dot(n, ray), 0.0) * lit;
  vec3 sum = paint * (light + surface.y) + lamp_light * shine * 0.6;
  label = vec2(depth, who);
  colour = vec4(pow(clamp(sum, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
}
"""
