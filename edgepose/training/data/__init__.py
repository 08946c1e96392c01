"""Pictures into samples: annotations, views, light, targets."""
