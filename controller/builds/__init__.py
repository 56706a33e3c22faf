"""From a plugin archive to what the engine builds: the generated Dockerfile and the build context. No Docker here.

What may live here: the recipe (pure), the context as a deterministic tar stream, the script that installs a plugin's
packages inside the build, and the pool that runs builds through the engine interface.
"""
